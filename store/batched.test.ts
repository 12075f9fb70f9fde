import { expect, test } from 'vitest';

import { batched } from './batched.js';

/** Reads that end when they are let. */
function reads() {
  const begun: { keys: string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const find = batched<string>(
    (keys) =>
      new Promise((resolve, reject) => {
        const values = keys.filter((key) => key !== 'none').map((key) => [key, `${key}!`] as const);
        begun.push({ keys, end: () => resolve(new Map(values)), fail: reject });
      }),
  );
  return { begun, find };
}

test('who asks while a read is under way shares the next one, never the one that runs', async () => {
  const { begun, find } = reads();
  const first = find('a');
  await Promise.resolve();
  const later = [find('a'), find('b'), find('b'), find('none')];
  await Promise.resolve();
  expect(begun.map(({ keys }) => keys)).toEqual([['a']]);
  begun[0]?.end();
  expect(await first).toBe('a!');
  await expect.poll(() => begun.length).toBe(2);
  expect(begun[1]?.keys).toEqual(['a', 'b', 'none']);
  begun[1]?.end();
  expect(await Promise.all(later)).toEqual(['a!', 'b!', 'b!', undefined]);
});

test('a read that fails fails those that asked, and nobody after them', async () => {
  const { begun, find } = reads();
  const asked = Promise.allSettled([find('a'), find('b')]);
  await Promise.resolve();
  begun[0]?.fail(new Error('away'));
  expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = find('a');
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.end();
  expect(await again).toBe('a!');
});

test('no read is for more than a hundred keys', async () => {
  const { begun, find } = reads();
  const asked = Promise.all(Array.from({ length: 250 }, (_, key) => find(String(key))));
  for (const size of [100, 100, 50]) {
    await expect.poll(() => begun.at(-1)?.keys.length).toBe(size);
    begun.at(-1)?.end();
  }
  expect((await asked).at(-1)).toBe('249!');
  expect(begun).toHaveLength(3);
});
