import { describe, expect, test } from 'vitest';

import { createRateLimit } from './rateLimit.js';

describe('a rate limit', () => {
  test('lets through twice the rate at once, then the rate, and says when to come back', () => {
    let ms = 0;
    const limit = createRateLimit({ perSecond: 2, now: () => ms });
    const taken = (count: number): boolean[] =>
      Array.from({ length: count }, () => limit.take('a').allowed);
    expect(taken(5)).toEqual([true, true, true, true, false]);
    expect(limit.take('a')).toEqual({ allowed: false, retryAfterS: 1 });
    ms = 1000;
    expect(taken(3)).toEqual([true, true, false]);
    ms = 100_000;
    expect(taken(5)).toEqual([true, true, true, true, false]);
  });

  test('of one caller is not that of another', () => {
    const limit = createRateLimit({ perSecond: 0.5, now: () => 0 });
    expect(limit.take('a').allowed).toBe(true);
    expect(limit.take('a')).toEqual({ allowed: false, retryAfterS: 2 });
    expect(limit.take('b').allowed).toBe(true);
  });

  test('forgets the callers of longest ago, not those that still call', () => {
    const limit = createRateLimit({ perSecond: 0.5, now: () => 0 });
    limit.take('old');
    limit.take('busy');
    for (let index = 0; index < 9999; index += 1) {
      limit.take(`caller ${String(index)}`);
      expect(limit.take('busy').allowed).toBe(false);
    }
    expect(limit.take('old').allowed).toBe(true);
  });

  test('of nothing is refused when it is made', () => {
    expect(() => createRateLimit({ perSecond: 0 })).toThrow('more than 0');
  });
});
