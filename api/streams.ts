import { principalOf, type ApiContext } from './env.js';

/** Proxies cut connections that say nothing for a minute. */
export const SIGN_OF_LIFE_MS = 15_000;

/**
 * Whether who opened a stream may go on reading it: the key is not revoked, a session at the console not over. Where the
 * database does not say so, they may not: a watcher that is let go comes back by itself.
 */
export async function opensStill(c: ApiContext): Promise<boolean> {
  const { store, log } = c.var.deps;
  const session = c.get('session');
  try {
    const [key, held] = await Promise.all([
      store.apiKeys.get(principalOf(c).keyId),
      session === undefined ? true : store.sessions.get(session.id),
    ]);
    return key !== undefined && key.revokedAt === undefined && held !== undefined;
  } catch (error) {
    log.warn({ err: error }, 'key of a watcher not read');
    return false;
  }
}
