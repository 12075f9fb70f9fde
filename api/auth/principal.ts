import type { ApiKeyRecord, KeyRole } from '../../store/apiKeyStore.js';

/** Who is behind an API key. */
export interface Principal {
  keyId: string;
  name: string;
  role: KeyRole;
  /** Absent: every project. */
  project?: string;
}

export function principalOfKey({ id: keyId, name, role, project }: ApiKeyRecord): Principal {
  return { keyId, name, role, ...(project === undefined ? {} : { project }) };
}

const RANK: Readonly<Record<KeyRole, number>> = { viewer: 1, operator: 2, admin: 3 };

/** Viewers read, operators also change clusters, admins also manage keys and projects. */
export function hasRole(principal: Principal, role: KeyRole): boolean {
  return RANK[principal.role] >= RANK[role];
}

export function mayEnter(principal: Principal, project: string): boolean {
  return principal.project === undefined || principal.project === project;
}
