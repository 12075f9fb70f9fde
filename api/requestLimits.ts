import type { ApiContext } from './env.js';
import { HttpError, HttpErrorCode } from './http/httpError.js';
import { createRateLimit, type RateLimit } from './rateLimit.js';
import { createStreamLimit, type StreamLimit } from './streamLimit.js';

/** Whoever has no good key gets this part of what a key may ask for. */
const WITHOUT_KEY = 0.1;

/** Event streams that one key has open at once: a page for each of a team, not one for each cluster. */
const STREAMS_OF_KEY = 100;

/** Absent where there is no limit. */
export interface RequestLimits {
  keys?: RateLimit;
  addresses?: RateLimit;
  streams: StreamLimit;
}

export function createRequestLimits(perSecond: number | undefined): RequestLimits {
  const streams = createStreamLimit(STREAMS_OF_KEY);
  if (perSecond === undefined) return { streams };
  return {
    streams,
    keys: createRateLimit({ perSecond }),
    addresses: createRateLimit({ perSecond: perSecond * WITHOUT_KEY }),
  };
}

/** Counts a request of a known key. @throws HttpError 429 */
export function limitOfKey(c: ApiContext, keyId: string): void {
  enforce(c.get('limits').keys, keyId);
}

/** Counts an event stream of a known key until what is returned is called. @throws HttpError 429 */
export function openStream(c: ApiContext, keyId: string): () => void {
  const close = c.get('limits').streams.open(keyId);
  if (close !== undefined) return close;
  throw new HttpError(
    429,
    HttpErrorCode.TooManyRequests,
    `this key has ${String(STREAMS_OF_KEY)} event streams open: end one of them first`,
    { 'retry-after': '15' },
  );
}

/** Counts a request without a good key, by the address that it comes from. @throws HttpError 429 */
export function limitOfAddress(c: ApiContext): void {
  // `app.request` without bindings leaves none, whatever the type says.
  const bindings = c.env as ApiContext['env'] | undefined;
  enforce(c.get('limits').addresses, networkOf(bindings?.incoming?.socket.remoteAddress ?? ''));
}

/** Who has one IPv6 address has 2^64 of them: the network counts. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [left = [], right = []] = address
    .split('::')
    .map((half) => half.split(':').filter((part) => part !== ''));
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

function enforce(limit: RateLimit | undefined, caller: string): void {
  const taken = limit?.take(caller);
  if (taken === undefined || taken.allowed) return;
  throw new HttpError(
    429,
    HttpErrorCode.TooManyRequests,
    'too many requests: come back after Retry-After',
    {
      'retry-after': String(taken.retryAfterS),
    },
  );
}
