/** What is kept of an installer command's token: never the token itself. */
export interface InstallTokenRecord {
  id: string;
  clusterId: string;
  /** sha256 of the token. */
  hash: string;
  /** The cluster's `installerTtl` when it was made. */
  ttlDays: number;
  createdAt: string;
  expiresAt: string;
  revokedAt?: string;
}

export interface InstallTokenStore {
  create(record: Omit<InstallTokenRecord, 'createdAt'>): Promise<InstallTokenRecord>;
  get(id: string): Promise<InstallTokenRecord | undefined>;
  /** The newest that was not revoked. */
  latest(clusterId: string): Promise<InstallTokenRecord | undefined>;
  /** How many there were. */
  revokeAll(clusterId: string): Promise<number>;
}
