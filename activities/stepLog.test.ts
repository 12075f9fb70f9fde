import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import type { StepLogChunk } from '../core/records.js';
import type { ActivityDeps } from './deps.js';
import { createStepLog } from './stepLog.js';

const OF: Parameters<typeof createStepLog>[1] = {
  clusterId: 'c',
  tasksetId: 't1',
  operation: 'ClusterCreation',
  node: 'm1',
  step: 'packages',
  attempt: 1,
};

function stored(): { deps: ActivityDeps; chunks: StepLogChunk[] } {
  const chunks: StepLogChunk[] = [];
  const logs = {
    read: () => Promise.resolve(chunks),
    append: (chunk: StepLogChunk) => Promise.resolve(void chunks.push(chunk)),
  };
  return { deps: { store: { logs } } as unknown as ActivityDeps, chunks };
}

test('lines that come together are one chunk', async () => {
  const { deps, chunks } = stored();
  const log = await createStepLog(deps, OF);
  log.add(['one'], 4);
  log.add(['two'], 8);
  await log.close();
  expect(chunks).toMatchObject([{ lines: ['one', 'two'], offset: 8 }]);
});

test('a run that goes on and on is kept up to 16 MiB, and says where the rest is', async () => {
  const { deps, chunks } = stored();
  const log = await createStepLog(deps, OF);
  log.add(['first'], 6);
  log.add(['too much'], 17 * 2 ** 20);
  log.add(['more'], 18 * 2 ** 20);
  await log.close();
  const runner = readFileSync('machine/runner/wrapper.sh', 'utf8');
  const [, file = ''] = /exec .*>>"\$dir\/(\w+)"/.exec(runner) ?? [];
  const rest = `… the rest is not kept here: see /var/lib/plinth/runs/t1-packages-*/${file} on m1`;
  expect(chunks.flatMap(({ lines }) => lines)).toEqual(['first', rest]);
  // Whoever follows it from there says so no second time.
  const again = await createStepLog(deps, OF);
  again.add(['even more'], 19 * 2 ** 20);
  await again.close();
  expect(chunks.flatMap(({ lines }) => lines)).toEqual(['first', rest]);
});

test('what is done for one node after another is read from its own beginning', async () => {
  const { deps, chunks } = stored();
  for (const subject of ['m4', 'm5']) {
    const log = await createStepLog(deps, { ...OF, step: 'drain', subject });
    expect(log.offset).toBe(0);
    log.add([`evicted from ${subject}`], 16);
    await log.close();
  }
  expect(chunks).toMatchObject([
    { subject: 'm4', offset: 16 },
    { subject: 'm5', offset: 16 },
  ]);
  const again = await createStepLog(deps, { ...OF, step: 'drain', subject: 'm5' });
  expect(again.offset).toBe(16);
});

test('of a new run nobody looks for what is stored; another attempt goes on where that ends', async () => {
  const { deps, chunks } = stored();
  let reads = 0;
  const { read } = deps.store.logs;
  deps.store.logs.read = (filter) => {
    reads += 1;
    return read(filter);
  };
  const log = await createStepLog(deps, OF, { isNew: true });
  expect([reads, log.offset]).toEqual([0, 0]);
  log.add(['one'], 4);
  await log.close();
  expect(chunks).toHaveLength(1);
  expect([(await createStepLog(deps, OF)).offset, reads]).toEqual([4, 1]);
});
