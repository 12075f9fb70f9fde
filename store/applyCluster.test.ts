import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { applyTo, desired, node, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
let apply: ReturnType<typeof applyTo>;
beforeAll(async () => {
  db = await openTestDatabase();
  apply = applyTo(db.store);
});
afterAll(() => db.close());

test('a new name makes a cluster of generation 1 that is submitted and not acted upon', async () => {
  const { record, created, changed } = await apply('fresh');
  expect({ created, changed }).toEqual({ created: true, changed: true });
  expect(record).toMatchObject({
    project,
    name: 'fresh',
    generation: 1,
    retries: 0,
    deleting: false,
    observed: { generation: 0, retries: 0, deleting: false },
    provisionStatus: 'CLUSTER_PROVISION_NOT_STARTED',
    applied: { initialised: false, created: false },
    commonStatus: { conditionType: 'ClusterOperationApplied', conditionStatus: 1 },
  });
  expect(record.id).toMatch(/^[a-z][a-z0-9]{6}$/);
  expect(record.modifiedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(record.conditions.map(({ status }) => status)).toEqual(Array(6).fill('Unknown'));
});

test('what was applied comes back exactly, label keys with dots and dollars included', async () => {
  await apply('echo', [node(1, { labels: { 'a.b/c': '1', $d: '2', 'e.$f': '' } })]);
  const record = await db.store.clusters.get(project, 'echo');
  expect(record?.desired).toEqual(
    desired('echo', [node(1, { labels: { 'a.b/c': '1', $d: '2', 'e.$f': '' } })]),
  );
});

test('a change is a new generation and submitted before apply answers', async () => {
  const { record: first } = await apply('grows');
  await db.store.clusters.setCommonStatus(first.id, {
    ...{ conditionStatus: 2, reason: 'applied', sequence: 1, generation: 1 },
  });
  const { record, created, changed } = await apply('grows', [node(1), node(2), node(3)]);
  expect({ created, changed }).toEqual({ created: false, changed: true });
  expect(record).toMatchObject({
    id: first.id,
    generation: 2,
    createdAt: first.createdAt,
    commonStatus: { conditionStatus: 1 },
  });
});

test('another hash of the write-only fields is a change', async () => {
  await apply('rekeyed', undefined, 'one');
  const { record, changed } = await apply('rekeyed', undefined, 'two');
  expect([record.generation, record.secretsHash, changed]).toEqual([2, 'two', true]);
});

test('the same nodes in another order leave a cluster as it is', async () => {
  const { record: first } = await apply('shuffled', [node(1), node(2), node(3)]);
  const { record, changed } = await apply('shuffled', [node(3), node(1), node(2)]);
  expect(changed).toBe(false);
  expect(record).toEqual(first);
});

test('the same content on a cluster that is OK stays OK', async () => {
  const { record: first } = await apply('fine');
  const ok = { conditionStatus: 2, reason: 'applied', sequence: 1, generation: 1 } as const;
  await db.store.clusters.setCommonStatus(first.id, ok);
  const { record, changed } = await apply('fine');
  expect(changed).toBe(false);
  expect(record.commonStatus.conditionStatus).toBe(2);
  expect(record.retries).toBe(0);
});

test('the same content on a failed cluster counts a retry and is submitted again', async () => {
  const { record: first } = await apply('failed');
  const failed = { conditionStatus: 3, reason: 'broken', sequence: 1, generation: 1 } as const;
  await db.store.clusters.setCommonStatus(first.id, failed);
  const { record, changed } = await apply('failed');
  expect(changed).toBe(true);
  expect(record).toMatchObject({
    generation: 1,
    retries: 1,
    commonStatus: { conditionStatus: 1 },
  });
});

test('a cluster that is being deleted refuses every apply with Conflict', async () => {
  await apply('leaving');
  await db.store.clusters.markDeleting(project, 'leaving');
  await expect(apply('leaving')).rejects.toMatchObject({ code: 'Conflict' });
  await expect(apply('leaving', [node(1)])).rejects.toMatchObject({ code: 'Conflict' });
});

test('twenty first applies of one content at once make one cluster, and one of them is told so', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, () => apply('raced')));
  expect(new Set(results.map(({ record }) => record.id)).size).toBe(1);
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  expect(results.filter(({ changed }) => changed)).toHaveLength(1);
  const { count } = await db.store.clusters.list(project, { limit: 0, offset: 0 });
  const listed = await db.store.clusters.list(project, { limit: count, offset: 0 });
  expect(await db.client.db(db.database).collection('machines').countDocuments()).toBe(count);
  expect(listed.items.filter(({ name }) => name === 'raced')).toHaveLength(1);
});

test('ten different applies at once each get a generation of their own, and the last one stands', async () => {
  const specs = Array.from({ length: 10 }, (_, n) => [node(1), node(n + 2)]);
  const results = await Promise.all(specs.map((nodes) => apply('crowded', nodes)));
  const generations = results.map(({ record }) => record.generation);
  expect(generations.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const last = results.find(({ record }) => record.generation === 10);
  const stands = await db.store.clusters.get(project, 'crowded');
  expect(stands?.desired).toEqual(last?.record.desired);
});

test('retries of one failure asked for at once by apply count once', async () => {
  const { record } = await apply('hasty');
  const failed = { conditionStatus: 3, reason: 'broken', sequence: 1, generation: 1 } as const;
  await db.store.clusters.setCommonStatus(record.id, failed);
  await Promise.all(Array.from({ length: 8 }, () => apply('hasty')));
  expect((await db.store.clusters.getById(record.id))?.retries).toBe(1);
});

test('a name deleted and applied again is another life: new id, generation 1', async () => {
  const { record: first } = await apply('phoenix');
  await db.store.clusters.markDeleting(project, 'phoenix');
  await db.store.clusters.remove(first.id);
  const { record, created } = await apply('phoenix');
  expect(created).toBe(true);
  expect(record.id).not.toBe(first.id);
  expect(record.generation).toBe(1);
});

test('a cluster of 1,000 machines is applied and read back whole', async () => {
  const nodes = Array.from({ length: 1000 }, (_, n) => node(n + 1));
  await apply('huge', nodes);
  const record = await db.store.clusters.get(project, 'huge');
  expect(record?.desired.spec.config.nodes).toEqual(nodes);
});

test('who asked for it stays with it until all is acted upon, whatever the clock asks for meanwhile', async () => {
  const { clusters } = db.store;
  const by = { requestId: 'r-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  const { record } = await clusters.apply({
    ...{ project, name: 'asked', desired: desired('asked'), secretsHash: 'h', by },
  });
  const submittedBy = async () => (await clusters.getById(record.id))?.submittedBy;
  const observes = (retries: number) =>
    clusters.setObserved(record.id, { generation: 1, retries, deleting: false });
  await clusters.ask(project, 'asked', { id: 's', kind: 'snapshot' });
  await clusters.requestWork(project, 'asked', { reason: 'a version is rolled out' });
  expect(await submittedBy()).toEqual(by);
  await observes(1);
  expect(await submittedBy()).toEqual(by);
  await observes(2);
  expect(await submittedBy()).toEqual({});
  await clusters.requestWork(project, 'asked', { reason: 'a version is rolled out' });
  expect(await submittedBy()).toEqual({});
  await clusters.requestRetry(project, 'asked', { requestId: 'r-2' });
  expect(await submittedBy()).toEqual({ requestId: 'r-2' });
});
