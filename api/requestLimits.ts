import type { ApiContext } from './env.js';
import { HttpError } from './http/httpError.js';
import { createRateLimit, type RateLimit } from './rateLimit.js';

/** Whoever has no good key gets this part of what a key may ask for. */
const WITHOUT_KEY = 0.1;

/** Absent where there is no limit. */
export interface RequestLimits {
  keys?: RateLimit;
  addresses?: RateLimit;
}

export function createRequestLimits(perSecond: number | undefined): RequestLimits {
  if (perSecond === undefined) return {};
  return {
    keys: createRateLimit({ perSecond }),
    addresses: createRateLimit({ perSecond: perSecond * WITHOUT_KEY }),
  };
}

/** Counts a request of a known key. @throws HttpError 429 */
export function limitOfKey(c: ApiContext, keyId: string): void {
  enforce(c.get('limits').keys, keyId);
}

/** Counts a request without a good key, by the address that it comes from. @throws HttpError 429 */
export function limitOfAddress(c: ApiContext): void {
  // `app.request` without bindings leaves none, whatever the type says.
  const bindings = c.env as ApiContext['env'] | undefined;
  enforce(c.get('limits').addresses, bindings?.incoming?.socket.remoteAddress ?? '');
}

function enforce(limit: RateLimit | undefined, caller: string): void {
  const taken = limit?.take(caller);
  if (taken === undefined || taken.allowed) return;
  throw new HttpError(429, 'TooManyRequests', 'too many requests: come back after Retry-After', {
    'retry-after': String(taken.retryAfterS),
  });
}
