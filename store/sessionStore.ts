/** A person at the console: whoever holds the token does what the API key may. */
export interface SessionRecord {
  /** sha256 of the token. */
  id: string;
  /** The API key it was opened with. */
  keyId: string;
  createdAt: string;
  expiresAt: Date;
}

export interface SessionStore {
  create(record: Omit<SessionRecord, 'createdAt'>): Promise<SessionRecord>;
  /** Undefined when there is none, or it has expired. */
  get(id: string): Promise<SessionRecord | undefined>;
  remove(id: string): Promise<void>;
}
