import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { NodeSteps } from '../core/operationSteps.js';
import { applyTo } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { newId } from './newId.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
let clusterId: string;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  clusterId = (await applyTo(db.store)(`cluster-${newId()}`)).record.id;
});

const of = (operationIndex = 0) => ({ clusterId, tasksetId: 'ts00001', operationIndex });
const nodes = (count: number, attempt = 1): NodeSteps[] =>
  Array.from({ length: count }, (_, index) => ({
    hostname: `m${String(index).padStart(3, '0')}`,
    steps: {
      claim: { state: 'done', tasksetId: 'ts00001', operation: 'NodeAddition', attempt },
    },
  }));

test('what was kept comes back, of as many nodes as there are', async () => {
  const many = nodes(120);
  await db.store.stepHistory.keep(of(), many);
  await db.store.stepHistory.keep(of(1), nodes(1, 2));
  const all = await db.store.stepHistory.read(clusterId, 'ts00001');
  const first = all.filter(({ operationIndex }) => operationIndex === 0);
  expect(first.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))).toEqual(
    many.map((node) => ({ operationIndex: 0, ...node })),
  );
  expect(all.filter(({ operationIndex }) => operationIndex === 1)).toEqual([
    { operationIndex: 1, ...nodes(1, 2)[0] },
  ]);
  expect(await db.store.stepHistory.read(clusterId, 'ts00002')).toEqual([]);
});

test('said again, it stands as it was said last', async () => {
  for (const attempt of [1, 2]) await db.store.stepHistory.keep(of(), nodes(2, attempt));
  const all = await db.store.stepHistory.read(clusterId, 'ts00001');
  expect(all.map(({ steps }) => steps.claim?.attempt)).toEqual([2, 2]);
});

test('of a cluster that was removed nothing stays, however late it comes', async () => {
  await db.store.stepHistory.keep(of(), nodes(2));
  await db.store.clusters.remove(clusterId);
  expect(await db.store.stepHistory.read(clusterId, 'ts00001')).toEqual([]);
  await db.store.stepHistory.keep(of(), nodes(2));
  expect(await db.store.stepHistory.read(clusterId, 'ts00001')).toEqual([]);
});
