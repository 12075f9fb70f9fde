import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { TasksetRecord } from '../core/records.js';
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

const COMPLETE = 'PROVISION_TASKSET_STATUS_COMPLETE';
const FAILED = 'PROVISION_TASKSET_STATUS_FAILED';

function taskset(id = newId()): Omit<TasksetRecord, 'sequence' | 'createdAt'> {
  return {
    ...{ id, clusterId, generation: 1, status: 'PROVISION_TASKSET_STATUS_INPROGRESS' },
    comments: 'being applied',
    operations: (['ClusterCreation', 'BlueprintSync'] as const).map((name) => ({
      ...{ name, resourceName: 'c', status: 'PROVISION_TASK_STATUS_PENDING' },
      ...{ nodes: ['node-1'], workflowId: `w/${name}` },
    })),
    plan: [
      { name: 'ClusterCreation', reason: 'new', nodes: [], leave: [], clusterSteps: ['check-in'] },
      { name: 'BlueprintSync', reason: 'first', nodes: [], leave: [], clusterSteps: [] },
    ],
  };
}

const operation = async (id: string, index = 0) =>
  (await db.store.tasksets.get(clusterId, id))?.operations[index];

test('tasksets of a cluster are numbered 1, 2, 3 and come newest first', async () => {
  const ids = [newId(), newId(), newId()];
  for (const id of ids) await db.store.tasksets.begin(taskset(id));
  const latest = await db.store.tasksets.latest(clusterId, 2);
  expect(latest.map(({ id, sequence }) => [id, sequence])).toEqual([
    [ids[2], 3],
    [ids[1], 2],
  ]);
  expect(await db.store.tasksets.latest(clusterId, 0)).toEqual([]);
});

test('the newest is the one begun last, without its plan, whatever was read of the cluster before', async () => {
  const cluster = async () => (await db.store.clusters.getById(clusterId))!;
  expect(await db.store.tasksets.newest(await cluster())).toBeUndefined();
  const [first, second] = [newId(), newId()];
  await db.store.tasksets.begin(taskset(first));
  const before = await cluster();
  expect(before.newestTaskset).toEqual({ id: first, sequence: 1 });
  await db.store.tasksets.begin(taskset(second));
  const after = await cluster();
  const newest = (await db.store.tasksets.newest(after))!;
  const { plan, ...head } = (await db.store.tasksets.get(clusterId, second))!;
  expect(newest).toEqual(head);
  expect(plan).toHaveLength(2);
  // A late repetition of an earlier one's begin is not newer.
  await db.store.tasksets.begin(taskset(first));
  expect((await cluster()).newestTaskset).toEqual({ id: second, sequence: 2 });
});

test('a worker that dies between the note of a taskset and the taskset leaves the newest that there is', async () => {
  const [first, second] = [newId(), newId()];
  await db.store.tasksets.begin(taskset(first));
  const clusters = db.client.db(db.database).collection<{ _id: string }>('clusters');
  const newest = async () =>
    (await db.store.tasksets.newest((await db.store.clusters.getById(clusterId))!))?.id;
  await clusters.updateOne(
    { _id: clusterId },
    { $set: { newestTaskset: { id: second, sequence: 2 } } },
  );
  expect(await newest()).toBe(first);
  // As it is of clusters from before it was noted.
  await clusters.updateOne({ _id: clusterId }, { $unset: { newestTaskset: '' } });
  expect(await newest()).toBe(first);
  await db.store.tasksets.begin(taskset(second));
  expect(await newest()).toBe(second);
});

test('of many that begin at once the newest is the last by its number', async () => {
  const ids = Array.from({ length: 8 }, () => newId());
  const begun = await Promise.all(ids.map((id) => db.store.tasksets.begin(taskset(id))));
  const last = begun.find(({ sequence }) => sequence === ids.length)!;
  const cluster = (await db.store.clusters.getById(clusterId))!;
  expect((await db.store.tasksets.newest(cluster))?.id).toBe(last.id);
  expect(cluster.newestTaskset).toEqual({ id: last.id, sequence: ids.length });
});

test('a taskset is found under its own cluster alone, by many who ask at once', async () => {
  const id = newId();
  await db.store.tasksets.begin(taskset(id));
  const { get } = db.store.tasksets;
  const found = await Promise.all([get(clusterId, id), get('other', id), get(clusterId, 'none')]);
  expect(found.map((one) => one?.id)).toEqual([id, undefined, undefined]);
});

test('the newest of many clusters at once are those of each one alone, whatever the others hold', async () => {
  const ids: string[] = [];
  for (const count of [12, 1, 25, 0]) {
    clusterId = (await applyTo(db.store)(`many-${newId()}`)).record.id;
    for (let n = 0; n < count; n++) await db.store.tasksets.begin(taskset());
    ids.push(clusterId);
  }
  const sequences = async (id: string, limit: number) =>
    (await db.store.tasksets.latest(id, limit)).map(({ sequence }) => sequence);
  const atOnce = await Promise.all(ids.map((id) => sequences(id, 10)));
  expect(atOnce).toEqual([
    ...[[12, 11, 10, 9, 8, 7, 6, 5, 4, 3], [1], [25, 24, 23, 22, 21, 20, 19, 18, 17, 16], []],
  ]);
  expect(await Promise.all(ids.map((id) => sequences(id, 2)))).toEqual([
    [12, 11],
    [1],
    [25, 24],
    [],
  ]);
  expect(await sequences(ids[2]!, 20)).toHaveLength(20);
});

test('what was begun comes back whole, the plan included', async () => {
  const begun = taskset();
  const record = await db.store.tasksets.begin(begun);
  expect(record).toEqual({ ...begun, sequence: 1, createdAt: record.createdAt });
  expect(await db.store.tasksets.get(clusterId, begun.id)).toEqual(record);
});

test('beginning the same taskset again gives the first record and no new number', async () => {
  const first = await db.store.tasksets.begin(taskset('same123'));
  await db.store.tasksets.end('same123', COMPLETE, 'done');
  const again = await db.store.tasksets.begin(taskset('same123'));
  expect([again.sequence, again.status]).toEqual([first.sequence, COMPLETE]);
  expect(await db.store.tasksets.latest(clusterId, 10)).toHaveLength(1);
});

test('tasksets begun at once get numbers of their own without gaps', async () => {
  const records = await Promise.all(
    Array.from({ length: 8 }, () => db.store.tasksets.begin(taskset())),
  );
  expect(records.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).toEqual([
    ...[1, 2, 3, 4, 5, 6, 7, 8],
  ]);
});

test('a taskset is not found under another cluster', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  expect(await db.store.tasksets.get('another', id)).toBeUndefined();
});

test('a taskset of a cluster that is gone is NotFound and leaves nothing', async () => {
  await db.store.clusters.remove(clusterId);
  await expect(db.store.tasksets.begin(taskset())).rejects.toMatchObject({ code: 'NotFound' });
  expect(await db.store.tasksets.latest(clusterId, 10)).toEqual([]);
});

test('an operation changes alone and only in what is named', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  const startedAt = '2026-01-01T00:00:00.000Z';
  await db.store.tasksets.setOperation(id, 1, {
    ...{ status: 'PROVISION_TASK_STATUS_INPROGRESS', startedAt },
  });
  expect(await operation(id, 1)).toMatchObject({
    ...{ name: 'BlueprintSync', status: 'PROVISION_TASK_STATUS_INPROGRESS', startedAt },
  });
  expect((await operation(id, 0))?.status).toBe('PROVISION_TASK_STATUS_PENDING');
});

test('an operation that is not there is not made', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  await db.store.tasksets.setOperation(id, 5, { errorSummary: 'x' });
  expect((await db.store.tasksets.get(clusterId, id))?.operations).toHaveLength(2);
});

test.each(['PENDING', 'INPROGRESS', 'FAILED'] as const)(
  'an operation that succeeded does not become %s by a late write',
  async (late) => {
    const { id } = await db.store.tasksets.begin(taskset());
    await db.store.tasksets.setOperation(id, 0, { status: 'PROVISION_TASK_STATUS_SUCCESS' });
    await db.store.tasksets.setOperation(id, 0, { status: `PROVISION_TASK_STATUS_${late}` });
    expect((await operation(id))?.status).toBe('PROVISION_TASK_STATUS_SUCCESS');
  },
);

test('an operation that failed in a taskset that goes on may succeed', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  for (const status of ['FAILED', 'INPROGRESS', 'SUCCESS'] as const) {
    await db.store.tasksets.setOperation(id, 0, { status: `PROVISION_TASK_STATUS_${status}` });
  }
  expect((await operation(id))?.status).toBe('PROVISION_TASK_STATUS_SUCCESS');
});

test('an operation of an ended taskset does not run again, but one left open may end', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  await db.store.tasksets.setOperation(id, 0, { status: 'PROVISION_TASK_STATUS_FAILED' });
  await db.store.tasksets.end(id, FAILED, 'no');
  await db.store.tasksets.setOperation(id, 0, { status: 'PROVISION_TASK_STATUS_INPROGRESS' });
  await db.store.tasksets.setOperation(id, 1, { status: 'PROVISION_TASK_STATUS_FAILED' });
  expect((await operation(id, 0))?.status).toBe('PROVISION_TASK_STATUS_FAILED');
  expect((await operation(id, 1))?.status).toBe('PROVISION_TASK_STATUS_FAILED');
});

test('the first end of a taskset stands', async () => {
  const { id } = await db.store.tasksets.begin(taskset());
  await db.store.tasksets.end(id, FAILED, 'interrupted');
  const ended = await db.store.tasksets.get(clusterId, id);
  await db.store.tasksets.end(id, COMPLETE, 'late');
  expect(await db.store.tasksets.get(clusterId, id)).toEqual(ended);
  expect(ended).toMatchObject({ status: FAILED, comments: 'interrupted' });
  expect(ended?.endedAt).toMatch(/Z$/);
});

test('a taskset keeps the spec it began with, read by itself only', async () => {
  const begun = taskset();
  const { desired } = await applyTo(db.store)(`cluster-${newId()}`).then(({ record }) => record);
  const record = await db.store.tasksets.begin({ ...begun, spec: desired.spec });
  expect(record).not.toHaveProperty('spec');
  expect(await db.store.tasksets.get(clusterId, begun.id)).not.toHaveProperty('spec');
  expect(await db.store.tasksets.spec(begun.id)).toEqual(desired.spec);
  expect(await db.store.tasksets.spec('nothere')).toBeUndefined();
});
