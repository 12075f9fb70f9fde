import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { initialConditions, withCondition } from '../core/conditions.js';
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

const OK = { conditionStatus: 2, reason: 'applied' } as const;
const FAILED = { conditionStatus: 3, reason: 'broken' } as const;

async function made(name: string): Promise<string> {
  return (await apply(name)).record.id;
}

async function commonOf(id: string): Promise<number | undefined> {
  return (await db.store.clusters.getById(id))?.commonStatus.conditionStatus;
}

test('a cluster that is not there is undefined, not an error', async () => {
  expect(await db.store.clusters.get(project, 'nobody')).toBeUndefined();
  expect(await db.store.clusters.getById('nobody1')).toBeUndefined();
  expect(await db.store.clusters.markDeleting(project, 'nobody')).toBeUndefined();
  expect(await db.store.clusters.requestRetry(project, 'nobody')).toBeUndefined();
});

test('a list is by name, by pages, of one project only, with the count of all', async () => {
  for (const name of ['beta', 'alpha', 'gamma']) {
    await db.store.clusters.apply({
      ...{ project: 'listed', name, secretsHash: 'h' },
      desired: desired(name),
    });
  }
  const { items, count } = await db.store.clusters.list('listed', { limit: 2, offset: 1 });
  expect(items.map(({ name }) => name)).toEqual(['beta', 'gamma']);
  expect(count).toBe(3);
  expect((await db.store.clusters.list('listed', { limit: 0, offset: 0 })).items).toEqual([]);
});

test('delete marks the cluster and submits it in one write', async () => {
  const id = await made('marked');
  await db.store.clusters.setCommonStatus(id, { ...OK, sequence: 1, generation: 1 });
  const record = await db.store.clusters.markDeleting(project, 'marked');
  expect(record).toMatchObject({ id, deleting: true, commonStatus: { conditionStatus: 1 } });
});

test('a second delete while the first is under way changes nothing', async () => {
  await made('twice');
  const first = await db.store.clusters.markDeleting(project, 'twice');
  expect(await db.store.clusters.markDeleting(project, 'twice')).toEqual(first);
});

test('a delete after a deletion that failed is something to do again', async () => {
  const id = await made('stuck');
  await db.store.clusters.markDeleting(project, 'stuck');
  await db.store.clusters.setObserved(id, { generation: 1, retries: 0, deleting: true });
  await db.store.clusters.setCommonStatus(id, { ...FAILED, sequence: 1, generation: 1 });
  const record = await db.store.clusters.markDeleting(project, 'stuck');
  expect(record).toMatchObject({ retries: 1, commonStatus: { conditionStatus: 1 } });
  const waiting = await db.store.clusters.unobserved(1000);
  expect(waiting.map((cluster) => cluster.id)).toContain(id);
});

test('a delete with force is something to do again while one without it is under way', async () => {
  const id = await made('forced');
  await db.store.clusters.markDeleting(project, 'forced');
  const forced = await db.store.clusters.markDeleting(project, 'forced', undefined, {
    force: true,
  });
  expect(forced).toMatchObject({ id, force: true, retries: 1 });
  const again = await db.store.clusters.markDeleting(project, 'forced', undefined, { force: true });
  expect(again).toMatchObject({ retries: 1 });
});

test('each retry counts and submits', async () => {
  const id = await made('retried');
  await db.store.clusters.setCommonStatus(id, { ...FAILED, sequence: 1, generation: 1 });
  await Promise.all([1, 2, 3].map(() => db.store.clusters.requestRetry(project, 'retried')));
  expect(await db.store.clusters.getById(id)).toMatchObject({
    retries: 3,
    commonStatus: { conditionStatus: 1 },
  });
});

test('the outcome of an earlier taskset does not replace that of a later one', async () => {
  const id = await made('late-sequence');
  await db.store.clusters.setCommonStatus(id, { ...OK, sequence: 7, generation: 1 });
  await db.store.clusters.setCommonStatus(id, { ...FAILED, sequence: 6, generation: 1 });
  expect(await commonOf(id)).toBe(2);
});

test('the outcome of an earlier generation does not hide that a newer one is submitted', async () => {
  const id = await made('late-generation');
  await apply('late-generation', [node(1)]);
  await db.store.clusters.setCommonStatus(id, { ...OK, sequence: 1, generation: 1 });
  expect(await commonOf(id)).toBe(1);
  await db.store.clusters.setCommonStatus(id, { ...OK, sequence: 2, generation: 2 });
  expect(await commonOf(id)).toBe(2);
});

test('the outcome of a taskset does not hide a retry that was asked for meanwhile', async () => {
  const id = await made('late-retry');
  await db.store.clusters.requestRetry(project, 'late-retry');
  const failed = { ...FAILED, sequence: 1, generation: 1, deleting: false };
  await db.store.clusters.setCommonStatus(id, { ...failed, retries: 0 });
  expect(await commonOf(id)).toBe(1);
  await db.store.clusters.setCommonStatus(id, { ...failed, retries: 1 });
  expect(await commonOf(id)).toBe(3);
});

test('the outcome of a taskset does not hide a deletion that was asked for meanwhile', async () => {
  const id = await made('late-delete');
  await db.store.clusters.markDeleting(project, 'late-delete');
  const ok = { ...OK, sequence: 1, generation: 1, retries: 0 };
  await db.store.clusters.setCommonStatus(id, { ...ok, deleting: false });
  expect(await commonOf(id)).toBe(1);
});

test('conditions and provision status are as they were set last', async () => {
  const id = await made('conditions');
  const conditions = withCondition(
    initialConditions('2026-01-01T00:00:00.000Z'),
    { type: 'ClusterReady', status: 'True', reason: 'blueprint synced' },
    '2026-01-01T00:00:01.000Z',
  );
  await db.store.clusters.setConditions(id, conditions);
  await db.store.clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
  expect(await db.store.clusters.getById(id)).toMatchObject({
    conditions,
    provisionStatus: 'CLUSTER_PROVISION_COMPLETE',
  });
});

test('what is applied grows part by part', async () => {
  const id = await made('applied');
  const { spec } = desired('applied');
  await db.store.clusters.setApplied(id, { initialised: true, caCertHash: 'sha256:ab' });
  await db.store.clusters.setApplied(id, { created: true, spec });
  await db.store.clusters.setApplied(id, { blueprint: { name: 'minimal' } });
  await db.store.clusters.setApplied(id, {});
  expect((await db.store.clusters.getById(id))?.applied).toEqual({
    initialised: true,
    caCertHash: 'sha256:ab',
    created: true,
    spec,
    blueprint: { name: 'minimal' },
  });
});

test('a list has of each cluster what is desired, and not the spec that was applied', async () => {
  const id = await made('heavy');
  const { spec } = desired('heavy');
  await db.store.clusters.setApplied(id, { spec, kubernetesVersion: 'v1.34.4' });
  const { project } = (await db.store.clusters.getById(id))!;
  for (const how of [{}, { deleting: false }]) {
    const name = { prefix: 'heavy' };
    const { items } = await db.store.clusters.list(project, { limit: 1, name, ...how });
    expect(items).toHaveLength(1);
    expect(items[0]?.desired.spec).toEqual(spec);
    expect(items[0]?.applied).toMatchObject({ kubernetesVersion: 'v1.34.4' });
    expect(items[0]?.applied).not.toHaveProperty('spec');
  }
});

test('unobserved names clusters with something to do, oldest first, until all of it is observed', async () => {
  const ids: string[] = [];
  for (const name of ['wait-1', 'wait-2', 'wait-3']) ids.push(await made(name));
  const waiting = async (): Promise<string[]> =>
    (await db.store.clusters.unobserved(1000)).map(({ id }) => id).filter((id) => ids.includes(id));
  expect(await waiting()).toEqual(ids);
  const [first = '', second = '', third = ''] = ids;
  const seen = { generation: 1, retries: 0, deleting: false };
  await db.store.clusters.setObserved(first, seen);
  await db.store.clusters.setObserved(second, seen);
  await db.store.clusters.setObserved(third, seen);
  expect(await waiting()).toEqual([]);
  await db.store.clusters.requestRetry(project, 'wait-3');
  await apply('wait-2', [node(1)]);
  await db.store.clusters.markDeleting(project, 'wait-1');
  expect(await waiting()).toEqual([third, second, first]);
  // An old observation does not cover what came after it.
  for (const id of ids) await db.store.clusters.setObserved(id, seen);
  expect(await waiting()).toEqual([third, second, first]);
});

test('what was observed never goes back', async () => {
  const id = await made('observed');
  await db.store.clusters.setObserved(id, { generation: 5, retries: 2, deleting: true });
  await db.store.clusters.setObserved(id, { generation: 4, retries: 3, deleting: false });
  expect((await db.store.clusters.getById(id))?.observed).toEqual({
    ...{ generation: 5, retries: 3, deleting: true },
  });
});

test('forEachActive visits each cluster that has something to do once, and no other', async () => {
  const idle = await made('idle');
  await db.store.clusters.setObserved(idle, { generation: 1, retries: 0, deleting: false });
  const busy = await Promise.all(Array.from({ length: 120 }, (_, n) => made(`busy-${String(n)}`)));
  const visited: string[] = [];
  await db.store.clusters.forEachActive((record) => {
    visited.push(record.id);
    return Promise.resolve();
  });
  expect(visited).toEqual(expect.arrayContaining(busy));
  expect(new Set(visited).size).toBe(visited.length);
  expect(visited).not.toContain(idle);
});

test('a deletion that may take any version is never lost to an apply at the same moment', async () => {
  for (let round = 0; round < 12; round += 1) {
    const name = `raced-${String(round)}`;
    await apply(name);
    const applies = (async () => {
      for (let n = 2; n < 8; n += 1) await apply(name, [node(1), node(n)]).catch(() => undefined);
    })();
    await delay(round * 2);
    const marked = await db.store.clusters.markDeleting(project, name, { match: ['*'] });
    await applies;
    expect(marked?.deleting, name).toBe(true);
    expect((await db.store.clusters.get(project, name))?.deleting, name).toBe(true);
  }
});
