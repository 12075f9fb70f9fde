import { afterEach, describe, expect, test, vi } from 'vitest';

import { createPageCache, type PageCache } from './pageCache.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A list of one number that says how often it was read. */
function source() {
  const state = { revision: 1, reads: 0 };
  const ask = (cache: PageCache, key = 'k', read?: () => Promise<string>) =>
    cache.get({
      key,
      revision: async () => state.revision,
      read: read ?? (async () => JSON.stringify({ read: ++state.reads })),
    });
  return { state, ask };
}

describe('a page that is kept', () => {
  test('is given while the revision is the same, with the same tag', async () => {
    const { state, ask } = source();
    const cache = createPageCache();
    const first = await ask(cache);
    const again = await ask(cache);
    expect([again.text, again.hash]).toEqual([first.text, first.hash]);
    expect(state.reads).toBe(1);
  });

  test('is read anew after a change, and each key by itself', async () => {
    const { state, ask } = source();
    const cache = createPageCache();
    await ask(cache);
    state.revision += 1;
    expect((await ask(cache)).text).toBe('{"read":2}');
    expect((await ask(cache, 'other')).text).toBe('{"read":3}');
  });

  test('of which a change came while it was read is not given again', async () => {
    const { state, ask } = source();
    const cache = createPageCache();
    await ask(cache, 'k', async () => {
      // Whether what was read has it or not, nobody knows.
      state.revision += 1;
      return 'before or after';
    });
    expect((await ask(cache)).text).toBe('{"read":1}');
  });

  test('is read anew when it is old, for changes that nobody noted', async () => {
    vi.useFakeTimers();
    const { state, ask } = source();
    const cache = createPageCache();
    await ask(cache);
    vi.setSystemTime(Date.now() + 29_000);
    await ask(cache);
    expect(state.reads).toBe(1);
    vi.setSystemTime(Date.now() + 2_000);
    await ask(cache);
    expect(state.reads).toBe(2);
  });

  test('goes when there are too many: first what was not asked for longest', async () => {
    const { state, ask } = source();
    const cache = createPageCache(25);
    await ask(cache, 'a');
    await ask(cache, 'b');
    await ask(cache, 'a');
    await ask(cache, 'c');
    expect(state.reads).toBe(3);
    await ask(cache, 'a');
    expect(state.reads).toBe(3);
    await ask(cache, 'b');
    expect(state.reads).toBe(4);
  });

  test('that could not be read is not kept', async () => {
    const { ask } = source();
    const cache = createPageCache();
    const broken = ask(cache, 'k', () => Promise.reject(new Error('away')));
    await expect(broken).rejects.toThrow('away');
    expect((await ask(cache)).text).toBe('{"read":1}');
  });
});
