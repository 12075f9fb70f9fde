import { expect, test } from 'vitest';

import { createStreamLimit } from './streamLimit.js';

test('so many streams of a caller are open at once, and each place is given back once', () => {
  const limit = createStreamLimit(2);
  const [first, second] = [limit.open('a'), limit.open('a')];
  expect([typeof first, typeof second, limit.open('a')]).toEqual([
    ...['function', 'function', undefined],
  ]);
  expect(limit.open('b')).toBeDefined();
  first?.();
  first?.();
  expect(limit.open('a')).toBeDefined();
  expect(limit.open('a')).toBeUndefined();
});
