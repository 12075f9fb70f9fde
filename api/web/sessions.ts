import { createHash, randomBytes } from 'node:crypto';

import { getCookie } from 'hono/cookie';

import type { SessionRecord } from '../../store/sessionStore.js';
import type { ApiContext } from '../env.js';
import { isSecure } from './sameOrigin.js';

/** A working day: who comes back the next one logs in again. */
export const SESSION_MS = 12 * 3_600_000;

/** 256 random bits. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token. It is random, so a fast hash without salt is enough. */
export function sessionId(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * What the browser keeps the token under. Cookies do not tell ports apart: two instances on one computer would log each
 * other out. Under TLS the prefix makes the browser refuse a cookie of this name that another host or plain HTTP sets.
 */
export function cookieName(c: ApiContext): string {
  const port = /:(\d+)$/.exec(c.req.header('host') ?? '')?.[1];
  const name = `plinth_session${port === undefined ? '' : `_${port}`}`;
  return isOverTls(c) ? `__Host-${name}` : name;
}

/** Whoever is told to come by TLS comes by it: a cookie of theirs for less is somebody else's. */
export function isOverTls(c: ApiContext): boolean {
  return isSecure(c) || c.var.deps.config.url.startsWith('https:');
}

/**
 * The token that came with a request. Where TLS is known of, only the name counts that no other host and no plain HTTP can
 * set; behind a proxy that says nothing of it, whichever the browser has.
 */
export function tokenOf(c: ApiContext): string | undefined {
  const name = cookieName(c);
  if (isOverTls(c)) return getCookie(c, name);
  return getCookie(c, `__Host-${name}`) ?? getCookie(c, name);
}

/** The session that a request's cookie opens; undefined: there is no cookie, or it opens none any more. */
export async function sessionOf(c: ApiContext): Promise<SessionRecord | undefined> {
  const token = tokenOf(c);
  return token === undefined || token === ''
    ? undefined
    : c.var.deps.store.sessions.get(sessionId(token));
}
