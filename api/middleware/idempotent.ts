import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Next } from 'hono';

import { AppError, ErrorCode } from '../../core/errors.js';
import { principalOf, type ApiContext } from '../env.js';
import { HttpError, HttpErrorCode } from '../http/httpError.js';
import { readText } from '../http/readText.js';

/** What clients and proxies try again is tried again within a day. */
const KEPT_MS = 24 * 60 * 60_000;
/** No request of ours takes this long: a dead process's request may be run again after it. */
const LEASE_MS = 60_000;
/** How long the second of two requests waits for the answer of the first. */
const WAIT_MS = 15_000;
const LOOK_EVERY_MS = 50;
const KEY = /^[\x21-\x7e]{1,255}$/;
const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const KEPT_HEADERS = ['content-type', 'cache-control', 'etag'];

/**
 * `Idempotency-Key`: a changing request with a key is carried out once. The same key of the same API key gets
 * the first answer again, for a day; another request under it is refused with 422. Only successes are kept:
 * what was refused or failed may be corrected or tried again under the same key. A request whose process died is carried
 * out again, once its lease has ended: what it makes has to come to the same (`c.get('idempotency')`).
 * @throws AppError InvalidRequest for a malformed key; Busy while the first request still runs.
 */
export async function idempotently(c: ApiContext, next: Next): Promise<Response | undefined> {
  const key = c.req.header('idempotency-key');
  if (key === undefined || !CHANGING.has(c.req.method)) {
    await next();
    return undefined;
  }
  if (!KEY.test(key)) {
    throw new AppError(ErrorCode.InvalidRequest, 'the request is not valid', {
      problems: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  }
  // It changes nothing: each one is answered by how things stand then.
  if (c.req.query('dryRun') === 'true') {
    await next();
    return undefined;
  }
  const { store } = c.var.deps;
  const id = createHash('sha256')
    .update(JSON.stringify([principalOf(c).keyId, key]))
    .digest('base64url');
  const begun = await begin(c, id);
  if ('status' in begun) return replay(c, id, begun);
  // With the time: after a day the same key is another request.
  const request = `${id}@${begun.expiresAt.toISOString()}`;
  c.set('idempotency', { request, lease: begun.lease });
  try {
    await next();
  } catch (error) {
    await store.idempotency.release(id, begun.lease);
    throw error;
  }
  if (c.error !== undefined || !c.res.ok) await store.idempotency.release(id, begun.lease);
  else await keep(c, id, begun.lease);
  return undefined;
}

interface Kept {
  lease: Date;
  status: number;
  headers: Record<string, string>;
}

async function begin(c: ApiContext, id: string): Promise<Kept | { lease: Date; expiresAt: Date }> {
  const { store } = c.var.deps;
  const fingerprint = await fingerprintOf(c);
  const giveUp = Date.now() + WAIT_MS;
  for (;;) {
    const expiresAt = new Date(Date.now() + KEPT_MS);
    const begun = await store.idempotency.begin({ id, fingerprint, leaseMs: LEASE_MS, expiresAt });
    switch (begun.state) {
      case 'begun':
        return { lease: begun.lease, expiresAt: begun.expiresAt };
      case 'done':
        return { lease: begun.lease, status: begun.status, headers: begun.headers };
      case 'other':
        throw new HttpError(
          422,
          HttpErrorCode.IdempotencyKeyReused,
          'this Idempotency-Key was sent before with another request: take a new one for each request',
        );
      case 'running':
        if (Date.now() > giveUp) {
          throw new AppError(
            ErrorCode.Busy,
            'the first request with this Idempotency-Key runs still',
          );
        }
        await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Keyed, because bodies hold passphrases. */
async function fingerprintOf(c: ApiContext): Promise<string> {
  const { pathname, search } = new URL(c.req.url);
  const conditions = [c.req.header('if-match'), c.req.header('if-none-match')];
  const request = [c.req.method, pathname, search, ...conditions, await readText(c)];
  return c.var.deps.vault.keyedHash(JSON.stringify(request));
}

async function keep(c: ApiContext, id: string, lease: Date): Promise<void> {
  const { store, vault } = c.var.deps;
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = c.res.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
  const body = await c.res.clone().text();
  // Sealed: the answer may be a new API key.
  await store.secrets.put(ownerOf(id), answerOf(lease), vault.seal(ownerOf(id), body), {
    expiresAt: new Date(Date.now() + KEPT_MS + LEASE_MS),
  });
  const isOurs = await store.idempotency.finish(id, lease, { status: c.res.status, headers });
  // Its answer may be a key that the other attempt's has replaced.
  if (!isOurs) {
    throw new AppError(
      ErrorCode.Busy,
      'this took so long that the same request was begun again: send it once more for its answer',
    );
  }
}

async function replay(
  c: ApiContext,
  id: string,
  { lease, status, headers }: Kept,
): Promise<Response> {
  const { store, vault } = c.var.deps;
  const sealed = await store.secrets.get(ownerOf(id), answerOf(lease));
  const body = sealed === undefined ? '' : vault.open(ownerOf(id), sealed);
  return new Response(body === '' ? null : body, {
    status,
    headers: { ...headers, 'idempotency-replayed': 'true' },
  });
}

function ownerOf(id: string): string {
  return `idempotency-${id}`;
}

/** Each attempt's own: a late one does not write over the answer that stands. */
function answerOf(lease: Date): string {
  return `answer-${String(lease.getTime())}`;
}
