import { z } from '@hono/zod-openapi';

import type { ApiKeyRecord, KeyRole } from '../../store/apiKeyStore.js';

/** A key as it is answered: never the key itself, nor its hash. */
export interface ApiKeyView {
  id: string;
  name: string;
  role: KeyRole;
  /** Absent: every project. */
  project?: string;
  createdAt: string;
  lastUsedAt?: string;
  revokedAt?: string;
}

const role = z.enum(['viewer', 'operator', 'admin']);

const view = {
  id: z.string(),
  name: z.string(),
  role,
  project: z.string().optional().meta({ description: 'Left out: every project.' }),
  createdAt: z.string(),
  lastUsedAt: z.string().optional(),
  revokedAt: z.string().optional(),
};

export const apiKeyViewSchema = z.object(view).meta({ id: 'ApiKeyView' });

export const newApiKeySchema = z
  .object({ ...view, key: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'NewApiKey' });

export const apiKeySchema = z
  .strictObject({
    name: z.string().min(1).max(128).meta({ example: 'terraform' }),
    role: role.meta({
      description: 'Viewers read, operators also change clusters, admins also manage keys.',
    }),
    project: z.string().min(1).optional().meta({ description: 'Left out: every project.' }),
  })
  .meta({ id: 'ApiKey' });

export const API_KEY_EXAMPLE = {
  ...{ name: 'terraform', role: 'operator', project: 'defaultproject' },
} as const;

export const API_KEY_VIEW_EXAMPLE = {
  id: '0b5c7f2e-8d43-4a55-9b0a-6f2f6a1d9c70',
  ...API_KEY_EXAMPLE,
  createdAt: '2026-11-24T08:20:01.051000Z',
} as const;

export function apiKeyView(record: ApiKeyRecord): ApiKeyView {
  const { id, name, role: keyRole, project, createdAt, lastUsedAt, revokedAt } = record;
  return {
    ...{ id, name, role: keyRole, createdAt },
    ...(project === undefined ? {} : { project }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}
