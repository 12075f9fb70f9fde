/** Encrypted values only: what goes in was sealed by vault/. */
export interface SecretStore {
  put(owner: string, name: string, sealed: string, options?: { expiresAt?: Date }): Promise<void>;
  /** Keeps the first value when there is one already, and returns what is stored. */
  putIfAbsent(
    owner: string,
    name: string,
    sealed: string,
    options?: { expiresAt?: Date },
  ): Promise<string>;
  get(owner: string, name: string): Promise<string | undefined>;
  remove(owner: string, name?: string): Promise<void>;
  /**
   * Puts the values after `page.after`, by id, through `change` (after a new master key: the vault's `reseal`) and keeps
   * what differs. What is put meanwhile stands, and is put through it in its turn. Where `change` throws, the value
   * stays and is counted. May be repeated, as a whole or from any page on.
   */
  rewrite(
    change: (owner: string, sealed: string) => string,
    page?: { after?: string; limit?: number },
  ): Promise<Rewritten>;
}

export interface Rewritten {
  checked: number;
  changed: number;
  /** Whose values `change` refused, and why. */
  failed: { owner: string; name: string; message: string }[];
  /** Where the next page begins; absent: this was the last. */
  next?: string;
}
