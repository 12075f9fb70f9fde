import type { NameFilter, Page, Slice } from './page.js';

/** An uploaded SSH credential, as far as it may be shown: its key lies among the secrets. */
export interface CredentialRecord {
  project: string;
  name: string;
  displayName?: string;
  description?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  username?: string;
  hostKey?: string;
  /** Specs that name this absolute path mean this credential. */
  privateKeyPath?: string;
  /** `ssh-ed25519`, … */
  keyType: string;
  /** `SHA256:…` of the public key. */
  fingerprint: string;
  hasPassphrase: boolean;
  createdAt: string;
  modifiedAt: string;
}

export interface CredentialStore {
  /** Makes it or replaces it. */
  put(record: Omit<CredentialRecord, 'createdAt' | 'modifiedAt'>): Promise<CredentialRecord>;
  get(project: string, name: string): Promise<CredentialRecord | undefined>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & { name?: NameFilter },
  ): Promise<Slice<CredentialRecord>>;
  /** Those that a spec may name, by name: all but those that are just being removed. */
  usable(project: string): Promise<CredentialRecord[]>;
  /** To be called before a cluster that names it is recorded. Conflict when it is gone. */
  noteUse(project: string, name: string, cluster: string): Promise<void>;
  /**
   * Names of clusters whose machines may be reached with it: it is in their desired or applied spec, or was in one
   * from which a change is still under way.
   */
  usedBy(project: string, name: string): Promise<string[]>;
  /** Unless it is used. */
  remove(project: string, name: string): Promise<{ removed: boolean; usedBy: string[] }>;
}
