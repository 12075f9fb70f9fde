import type { NameFilter, Page, Slice } from './page.js';

export type KeyRole = 'viewer' | 'operator' | 'admin';

export interface ApiKeyRecord {
  id: string;
  name: string;
  /** sha256 of the key. */
  hash: string;
  /** Absent: every project. */
  project?: string;
  role: KeyRole;
  createdAt: string;
  lastUsedAt?: string;
  revokedAt?: string;
}

export interface ApiKeyStore {
  create(record: Omit<ApiKeyRecord, 'createdAt'>): Promise<ApiKeyRecord>;
  /**
   * The same for a request that may be carried out more than once: a key of this id that an earlier attempt made becomes
   * this one, whose hash alone opens anything. Conflict when a later attempt has made it, or it was revoked.
   */
  createOnce(record: Omit<ApiKeyRecord, 'createdAt'>, attempt: Date): Promise<ApiKeyRecord>;
  findByHash(hash: string): Promise<ApiKeyRecord | undefined>;
  get(id: string): Promise<ApiKeyRecord | undefined>;
  list(): Promise<ApiKeyRecord[]>;
  /** By name, those of one name by id. */
  page(
    page: Page<{ name: string; id: string }> & {
      name?: NameFilter;
      project?: string;
      revoked?: boolean;
    },
  ): Promise<Slice<ApiKeyRecord>>;
  revoke(id: string): Promise<boolean>;
}
