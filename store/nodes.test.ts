import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { NodeStepRecord } from '../core/records.js';
import { applyTo, node } from '../test/store/desired.js';
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

const failure = { node: 'node-1', step: 'cni', message: 'no route', lastLines: ['a.b: $c'] };

async function begin(): Promise<string> {
  const id = newId();
  await db.store.tasksets.begin({
    ...{ id, clusterId, generation: 1, comments: '', operations: [], plan: [] },
    status: 'PROVISION_TASKSET_STATUS_INPROGRESS',
  });
  return id;
}

function step(tasksetId: string, set: Partial<NodeStepRecord> = {}): NodeStepRecord {
  return { state: 'running', tasksetId, operation: 'ClusterCreation', attempt: 1, ...set };
}

const stepOf = async () => (await db.store.nodes.get(clusterId, 'node-1'))?.steps['kubeadm-init'];

test('control planes are found by themselves, those that were stored before that was kept as well', async () => {
  for (const each of [node(1), node(2)]) {
    await db.store.nodes.upsert(clusterId, each.hostname, { spec: each });
  }
  const found = async () =>
    (await db.store.nodes.controlPlanes(clusterId)).map(({ hostname }) => hostname);
  expect(await found()).toEqual(['node-1']);
  const nodes = db.client.db(db.database).collection('nodes');
  await nodes.updateMany({ clusterId }, { $unset: { controlPlane: true } });
  expect(await found()).toEqual(['node-1']);
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1, { roles: ['Worker'] }) });
  expect(await found()).toEqual([]);
});

test('the steps of a cluster are read without what else is known of its nodes, by hostname', async () => {
  for (const each of [node(2), node(1)]) {
    await db.store.nodes.upsert(clusterId, each.hostname, { spec: each, facts: { arch: 'amd64' } });
  }
  const done = step(await begin(), { state: 'done' });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', done);
  expect(await db.store.nodes.steps(clusterId)).toEqual([
    { hostname: 'node-1', steps: { 'kubeadm-init': done } },
    { hostname: 'node-2', steps: {} },
  ]);
  expect(await db.store.nodes.steps('none')).toEqual([]);
});

test('the first upsert makes a whole node', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  expect(await db.store.nodes.get(clusterId, 'node-1')).toEqual({
    ...{ clusterId, hostname: 'node-1', spec: node(1), status: 'PENDING' },
    ...{ claimed: false, joined: false, steps: {} },
    modifiedAt: expect.stringMatching(/\.\d{6}Z$/) as string,
  });
});

test('an upsert changes only what it names', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), claimed: true });
  await db.store.nodes.upsert(clusterId, 'node-1', { status: 'PROVISIONING', joined: true });
  expect(await db.store.nodes.get(clusterId, 'node-1')).toMatchObject({
    ...{ spec: node(1), claimed: true, joined: true, status: 'PROVISIONING' },
  });
});

test('facts come back as they were, keys with dots and dollars included', async () => {
  const facts = { sysctls: { 'net.ipv4.ip_forward': '1', $odd: [null, { 'a.b': 2 }] } };
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), facts });
  expect((await db.store.nodes.get(clusterId, 'node-1'))?.facts).toEqual(facts);
});

test('lists and statuses are by hostname and of one cluster', async () => {
  for (const n of [3, 1, 2]) {
    await db.store.nodes.upsert(clusterId, `node-${String(n)}`, { spec: node(n), facts: {} });
  }
  expect((await db.store.nodes.list(clusterId)).map(({ hostname }) => hostname)).toEqual([
    ...['node-1', 'node-2', 'node-3'],
  ]);
  expect(await db.store.nodes.statuses(clusterId)).toEqual([
    { hostname: 'node-1', status: 'PENDING' },
    { hostname: 'node-2', status: 'PENDING' },
    { hostname: 'node-3', status: 'PENDING' },
  ]);
  expect(await db.store.nodes.list('another')).toEqual([]);
});

test('a node that is READY has no last error', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), lastError: failure });
  expect((await db.store.nodes.get(clusterId, 'node-1'))?.lastError).toEqual(failure);
  await db.store.nodes.setStatus(clusterId, 'node-1', 'READY');
  const healed = await db.store.nodes.get(clusterId, 'node-1');
  expect([healed?.status, healed?.lastError]).toEqual(['READY', undefined]);
});

test('a write without a spec does not bring a removed node back', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  await db.store.nodes.remove(clusterId, 'node-1');
  await db.store.nodes.upsert(clusterId, 'node-1', { claimed: false });
  await db.store.nodes.setStatus(clusterId, 'node-1', 'READY');
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', step(await begin()));
  expect(await db.store.nodes.get(clusterId, 'node-1')).toBeUndefined();
});

test('a late node of a cluster that was removed does not stay', async () => {
  await db.store.clusters.remove(clusterId);
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  expect(await db.store.nodes.list(clusterId)).toEqual([]);
});

test('a step goes through its states within a taskset', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const taskset = await begin();
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', step(taskset));
  const done = step(taskset, { state: 'done', startedAt: 1, endedAt: 2 });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', done);
  expect(await stepOf()).toEqual(done);
});

test('a step record replaces the one before whole: an old failure does not shine through', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const taskset = await begin();
  const failed = step(taskset, { state: 'failed', failure });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', failed);
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', step(taskset, { attempt: 2 }));
  expect(await stepOf()).toEqual(step(taskset, { attempt: 2 }));
});

test('a step record of an earlier taskset does not replace that of a later one', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const [earlier, later] = [await begin(), await begin()];
  const done = step(later, { state: 'done' });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', done);
  const late = step(earlier, { state: 'failed', attempt: 9 });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', late);
  expect(await stepOf()).toEqual(done);
});

test('a step record of an earlier attempt does not replace that of a later one', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const taskset = await begin();
  const second = step(taskset, { attempt: 2 });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', second);
  const late = step(taskset, { state: 'failed' });
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', late);
  expect(await stepOf()).toEqual(second);
});

test('what is said late of an attempt does not replace what it came to, and its next one does', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const taskset = await begin();
  const set = (record: NodeStepRecord) =>
    db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', record);
  const failed = step(taskset, { state: 'failed', spent: true });
  await set(failed);
  await set(step(taskset));
  expect(await stepOf()).toEqual(failed);
  const again = step(taskset, { attempt: 2 });
  await set(again);
  expect(await stepOf()).toEqual(again);
});

test('steps of one node are ordered each for itself', async () => {
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  const [earlier, later] = [await begin(), await begin()];
  await db.store.nodes.setStep(clusterId, 'node-1', 'kubeadm-init', step(later));
  await db.store.nodes.setStep(clusterId, 'node-1', 'cni', step(earlier));
  const steps = (await db.store.nodes.get(clusterId, 'node-1'))?.steps;
  expect(Object.keys(steps ?? {}).toSorted()).toEqual(['cni', 'kubeadm-init']);
});
