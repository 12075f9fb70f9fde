import { principalOf, type ApiContext } from './env.js';

/** Proxies cut connections that say nothing for a minute. */
export const SIGN_OF_LIFE_MS = 15_000;

/**
 * Whether the key that opened a stream still opens it. Where the database does not say so, it does not: a watcher that is
 * let go comes back by itself.
 */
export async function opensStill(c: ApiContext): Promise<boolean> {
  try {
    const key = await c.var.deps.store.apiKeys.get(principalOf(c).keyId);
    return key !== undefined && key.revokedAt === undefined;
  } catch (error) {
    c.var.deps.log.warn({ err: error }, 'key of a watcher not read');
    return false;
  }
}
