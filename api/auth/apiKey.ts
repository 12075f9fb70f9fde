import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** So that a key is known as one of ours wherever it turns up, by people and by secret scanners. */
const PREFIX = 'plinth_';

/** A new key: 256 random bits. */
export function generateApiKey(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

/** What is stored of a key. Keys are random, so a fast hash without salt is enough. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** A path or a text with what looks like our keys and tokens taken out: people put them where an id belongs. */
export function withoutKeys(text: string): string {
  return text.replace(/plinthi?_[\w-]{16,}/g, '[secret]');
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * The key of a request: `X-API-KEY`, `X-RAFAY-API-KEYID` or `Authorization: Bearer`, in this order. Other
 * schemes of `Authorization` (clients that also sign their requests) are left alone.
 */
export function keyOfRequest(header: (name: string) => string | undefined): string | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(header('authorization') ?? '')?.[1];
  // An empty header is none: templates of clients send those that they have no value for.
  return [header('x-api-key'), header('x-rafay-api-keyid'), bearer]
    .map((value) => value?.trim() ?? '')
    .find((value) => value !== '');
}
