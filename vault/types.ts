/** Encryption of secrets at rest: AES-256-GCM, a key id in every sealed value, the owner as associated data. */
export interface Vault {
  /** `owner` is bound in: a value moved to another owner does not open. */
  seal(owner: string, plaintext: string): string;
  /** Throws AppError Internal when the key id is unknown or the value was tampered with or belongs to another owner. */
  open(owner: string, sealed: string): string;
  /** HMAC-SHA256 under the master key: compares secrets without keeping them. */
  keyedHash(value: string): string;
}
