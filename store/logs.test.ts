import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { StepLogChunk } from '../core/records.js';
import { applyTo } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';
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

function chunk(set: Partial<StepLogChunk> = {}): StepLogChunk {
  return {
    ...{ clusterId, tasksetId: 'ts00001', operation: 'ClusterCreation', node: 'node-1' },
    ...{ step: 'packages', attempt: 1, offset: 10, lines: ['one'] },
    at: '2026-01-01T00:00:01.000Z',
    ...set,
  };
}

const lines = async (filter: { node?: string; step?: StepLogChunk['step'] } = {}) =>
  (await db.store.logs.read({ clusterId, tasksetId: 'ts00001', ...filter })).flatMap(
    (read) => read.lines,
  );

test('a chunk comes back as it was written', async () => {
  await db.store.logs.append(chunk());
  expect(await db.store.logs.read({ clusterId, tasksetId: 'ts00001' })).toEqual([chunk()]);
});

test('a chunk that is written again changes nothing', async () => {
  await Promise.all([1, 2, 3].map(() => db.store.logs.append(chunk())));
  await db.store.logs.append(chunk({ at: '2026-01-01T00:00:09.000Z' }));
  expect(await db.store.logs.read({ clusterId, tasksetId: 'ts00001' })).toEqual([chunk()]);
});

test('chunks of a run are read by offset, as numbers, whatever order they came in', async () => {
  for (const offset of [100, 9, 20]) {
    await db.store.logs.append(chunk({ offset, lines: [String(offset)] }));
  }
  expect(await lines()).toEqual(['9', '20', '100']);
});

test('runs are read one after the other in the order in which they began', async () => {
  const at = (second: number): string => `2026-01-01T00:00:0${String(second)}.000Z`;
  await db.store.logs.append(chunk({ node: 'b', at: at(2), offset: 5, lines: ['b1'] }));
  await db.store.logs.append(chunk({ node: 'a', at: at(3), offset: 5, lines: ['a1'] }));
  await db.store.logs.append(chunk({ node: 'b', at: at(4), offset: 9, lines: ['b2'] }));
  await db.store.logs.append(chunk({ node: 'a', at: at(5), attempt: 2, lines: ['a again'] }));
  expect(await lines()).toEqual(['b1', 'b2', 'a1', 'a again']);
});

test('the same step of two operations of a taskset has two logs', async () => {
  await db.store.logs.append(chunk({ step: 'check-in', lines: ['first'] }));
  await db.store.logs.append(
    chunk({ step: 'check-in', operation: 'NodeAddition', lines: ['second'] }),
  );
  expect(await lines()).toEqual(['first', 'second']);
});

test('the same step for two nodes has two logs, each whole', async () => {
  for (const [second, subject] of ['m5', 'm4'].entries()) {
    const at = `2026-01-01T00:00:0${String(second)}.000Z`;
    const set = { step: 'drain', subject, at } as const;
    await db.store.logs.append(chunk({ ...set, lines: [`first of ${subject}`] }));
    await db.store.logs.append(chunk({ ...set, offset: 20, lines: [`last of ${subject}`] }));
  }
  expect(await lines()).toEqual(['first of m5', 'last of m5', 'first of m4', 'last of m4']);
});

test('a log is read by node, by step, or by both', async () => {
  await db.store.logs.append(chunk({ lines: ['n1 packages'] }));
  await db.store.logs.append(chunk({ step: 'cni', lines: ['n1 cni'] }));
  await db.store.logs.append(chunk({ node: 'node-2', lines: ['n2 packages'] }));
  expect(await lines({ node: 'node-2' })).toEqual(['n2 packages']);
  expect(await lines({ step: 'cni' })).toEqual(['n1 cni']);
  expect(await lines({ node: 'node-1', step: 'packages' })).toEqual(['n1 packages']);
  expect(await lines({ node: 'node-3' })).toEqual([]);
});

test('a late chunk of a cluster that was removed does not stay', async () => {
  await db.store.clusters.remove(clusterId);
  await db.store.logs.append(chunk());
  expect(await lines()).toEqual([]);
});

const START = { storedAt: 0, id: '' };

test('what was stored is read in the order in which it was, from a place on', async () => {
  const of = { clusterId, tasksetId: 'ts00001' };
  const { logs } = db.store;
  expect(await logs.latest(of)).toBeUndefined();
  const written = chunk({ at: '2026-01-01T00:00:09.000Z', lines: ['first'] });
  await logs.append(written);
  const [first] = await logs.readSince(of, START, 10);
  expect(first).toEqual({ ...written, id: first?.id, storedAt: first?.storedAt });
  const latest = await logs.latest(of);
  expect(latest).toBeDefined();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await logs.append(chunk({ node: 'other', lines: ['second'] }));
  expect(await logs.latest(of)).not.toBe(latest);
  const read = async (...args: Parameters<typeof logs.readSince>): Promise<string[]> =>
    (await logs.readSince(...args)).flatMap((each) => each.lines);
  expect(await read(of, START, 10)).toEqual(['first', 'second']);
  expect(await read(of, START, 1)).toEqual(['first']);
  expect(await read(of, first!, 10)).toEqual(['second']);
  expect(await read({ ...of, node: 'other' }, START, 10)).toEqual(['second']);
});

test('pages of what was stored within one millisecond leave nothing out', async () => {
  const of = { clusterId, tasksetId: 'ts00001' };
  for (const offset of [1, 2, 3, 4, 5]) await db.store.logs.append(chunk({ offset }));
  await db.client
    .db(db.database)
    .collection('logs')
    .updateMany({ clusterId }, { $set: { storedAt: new Date(1_000) } });
  const offsets: number[] = [];
  for (let after = START; ;) {
    const page = await db.store.logs.readSince(of, after, 2);
    offsets.push(...page.map(({ offset }) => offset));
    if (page.length < 2) break;
    after = page[1]!;
  }
  expect(offsets).toEqual([1, 2, 3, 4, 5]);
});

test('a cluster keeps the output of its newest tasksets, within the limit, and always that of the newest', async () => {
  const { store, client, close, database } = await openTestDatabase({
    logs: { bytesPerCluster: 25 },
  });
  const { id } = (await applyTo(store)(`cluster-${newId()}`)).record;
  const write = (tasksetId: string, line: string): Promise<void> =>
    store.logs.append(chunk({ clusterId: id, tasksetId, lines: [line] }));
  const kept = async (): Promise<string[]> =>
    (
      await Promise.all(
        ['a', 'b', 'c'].map((tasksetId) => store.logs.read({ clusterId: id, tasksetId })),
      )
    ).flatMap((chunks) => chunks.map(({ tasksetId }) => tasksetId));
  for (const tasksetId of ['a', 'b', 'c']) {
    await write(tasksetId, '123456789');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await store.logs.trim(id);
  expect(await kept()).toEqual(['b', 'c']);
  // Written before sizes and times were kept.
  await client
    .db(database)
    .collection('logs')
    .updateMany({ clusterId: id, tasksetId: 'b' }, { $unset: { storedAt: true, bytes: true } });
  await store.logs.trim(id);
  expect(await kept()).toEqual(['b', 'c']);
  await write('a', '1'.repeat(100));
  await store.logs.trim(id);
  expect(await kept()).toEqual(['a']);
  await close();
});

test('lines are gone once they are older than what is kept', async () => {
  const { store, close, client, database } = await openTestDatabase({ logs: { days: 7 } });
  const { id } = (await applyTo(store)(`cluster-${newId()}`)).record;
  await store.logs.append(chunk({ clusterId: id }));
  const logs = client.db(database).collection('logs');
  const [document] = await logs.find().toArray();
  expect((document?.['expiresAt'] as Date).getTime() - Date.now()).toBeGreaterThan(
    6.9 * 86_400_000,
  );
  expect((document?.['expiresAt'] as Date).getTime() - Date.now()).toBeLessThan(7.1 * 86_400_000);
  // The database removes what is past that date.
  expect(await logs.indexes()).toContainEqual(
    expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }),
  );
  await close();
});

test('the database itself removes a line that is past its date', { timeout: 120_000 }, async () => {
  const { store, close, client, database } = await openTestDatabase({ logs: { days: 7 } });
  const { id } = (await applyTo(store)(`cluster-${newId()}`)).record;
  await store.logs.append(chunk({ clusterId: id, tasksetId: 'old' }));
  await store.logs.append(chunk({ clusterId: id, tasksetId: 'new' }));
  const logs = client.db(database).collection('logs');
  const past = new Date(Date.now() - 1_000);
  await logs.updateOne({ tasksetId: 'old' }, { $set: { expiresAt: past } });
  // It looks once a minute; ours can be told to look now.
  await client
    .db('admin')
    .command({ 'secantusAdmin.pruneTtl': 1 })
    .catch(() => undefined);
  await vi.waitFor(
    async () => {
      expect(await logs.distinct('tasksetId')).toEqual(['new']);
    },
    { timeout: 100_000, interval: 500 },
  );
  await close();
});
