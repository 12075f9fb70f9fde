import { expect, test, vi } from 'vitest';

import { tellHoldings } from './tellHoldings.js';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const holds = { kubernetes: [{ version: 'v1.34.4', arch: 'amd64' as const }] };

test('a worker tells what its artifacts hold, goes on where it cannot, and ends with nothing told', async () => {
  let isAway = false;
  const told = new Map<string, unknown>();
  let beats = 0;
  const workers = {
    beat: (id: string, of: unknown) => {
      beats += 1;
      if (isAway) return Promise.reject(new Error('the database is away'));
      told.set(id, of);
      return Promise.resolve();
    },
    forget: (id: string) => Promise.resolve(void told.delete(id)),
    live: () => Promise.resolve([]),
  };
  const telling = await tellHoldings(workers, holds, { log, everyMs: 5 });
  // Before it resolves: whoever asks from then on is told.
  expect([...told.values()]).toEqual([holds]);
  isAway = true;
  await vi.waitFor(() => {
    expect(log.warn).toHaveBeenCalled();
  });
  told.clear();
  isAway = false;
  await vi.waitFor(() => {
    expect([...told.values()]).toEqual([holds]);
  });
  await telling.stop();
  expect(told.size).toBe(0);
  const then = beats;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(beats).toBe(then);
});

test('a worker comes up though the database is away', async () => {
  const away = () => Promise.reject(new Error('away'));
  const telling = await tellHoldings({ beat: away, forget: away, live: away }, holds, { log });
  await telling.stop();
});
