import { expect, test } from 'vitest';

import { shared } from './shared.js';

test('who asks for what is being read shares the next read of it, never the one that runs', async () => {
  const begun: { key: string; end: (value: string) => void; fail: (error: Error) => void }[] = [];
  const read = shared<string>(
    (key) => new Promise((resolve, reject) => begun.push({ key, end: resolve, fail: reject })),
  );
  const first = read('a');
  const later = [read('a'), read('a')];
  const other = read('b');
  expect(begun.map(({ key }) => key)).toEqual(['a', 'b']);
  begun[0]?.end('old');
  expect(await first).toBe('old');
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.end('new');
  expect(await Promise.all(later)).toEqual(['new', 'new']);
  begun[1]?.fail(new Error('away'));
  await expect(other).rejects.toThrow('away');
  const again = read('b');
  begun[3]?.end('back');
  expect(await again).toBe('back');
});
