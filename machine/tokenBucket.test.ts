import { afterEach, describe, expect, it, vi } from 'vitest';

import { TokenBucket } from './tokenBucket.js';

describe('a token bucket', () => {
  afterEach(() => vi.useRealTimers());

  it('lets a second of callers through at once and spreads the others', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
    const bucket = new TokenBucket(10);
    let through = 0;
    for (let caller = 0; caller < 25; caller++) void bucket.take().then(() => through++);
    await vi.advanceTimersByTimeAsync(1);
    expect(through).toBe(10);
    await vi.advanceTimersByTimeAsync(1000);
    expect(through).toBe(20);
    await vi.advanceTimersByTimeAsync(1000);
    expect(through).toBe(25);
  });
});
