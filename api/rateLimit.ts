/** How many requests one caller may make. */
export interface RateLimit {
  /** Takes one of the caller's requests; otherwise the seconds after which there is one again. */
  take(caller: string): { allowed: true } | { allowed: false; retryAfterS: number };
}

interface Bucket {
  left: number;
  at: number;
}

/** Callers that are remembered: those of longest ago are forgotten first, so a flood of names costs no memory. */
const MOST_CALLERS = 10_000;

/**
 * A token bucket for each caller: `perSecond` on the average, twice that at once.
 *
 * @example
 * const limit = createRateLimit({ perSecond: 100 });
 * limit.take('key-1'); // { allowed: true }
 */
export function createRateLimit({
  perSecond,
  now = () => performance.now(),
}: {
  perSecond: number;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}): RateLimit {
  if (!(perSecond > 0)) throw new RangeError('a rate limit is more than 0 requests a second');
  const most = Math.max(1, perSecond * 2);
  const buckets = new Map<string, Bucket>();
  return {
    take(caller) {
      const at = now();
      const known = buckets.get(caller);
      const left =
        known === undefined
          ? most
          : Math.min(most, known.left + ((at - known.at) / 1000) * perSecond);
      const allowed = left >= 1;
      // Put in anew, it is the youngest of the map's order.
      buckets.delete(caller);
      buckets.set(caller, { left: allowed ? left - 1 : left, at });
      if (buckets.size > MOST_CALLERS) {
        for (const oldest of buckets.keys()) {
          buckets.delete(oldest);
          break;
        }
      }
      if (allowed) return { allowed: true };
      return { allowed: false, retryAfterS: Math.max(1, Math.ceil((1 - left) / perSecond)) };
    },
  };
}
