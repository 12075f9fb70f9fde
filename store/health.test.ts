import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { fulfilledConditions, withCondition } from '../core/conditions.js';
import type { Look, MachineObservation, NodeObservation } from '../core/health.js';
import type { NodeStatus } from '../core/words.js';
import { applyTo, desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { shardOf } from './health.js';
import type { Store } from './types.js';
import type { RecordedLook } from './watchTypes.js';

let db: TestDatabase;
let store: Store;
let clusterId: string;
let name: string;
let count = 0;

beforeAll(async () => {
  db = await openTestDatabase();
  store = db.store;
});
afterAll(() => db.close());
beforeEach(async () => {
  count += 1;
  name = `health-${String(count)}`;
  clusterId = await provisioned(name);
});

/** A cluster of two nodes as an operation leaves it that went well. */
async function provisioned(of: string): Promise<string> {
  const { record } = await applyTo(store)(of);
  const { id, generation, retries } = record;
  for (const each of [1, 2]) {
    const set = { spec: node(each), claimed: true, joined: true, status: 'READY' as const };
    await store.nodes.upsert(id, `node-${String(each)}`, set);
  }
  await store.clusters.setApplied(id, { initialised: true, created: true });
  await store.clusters.setConditions(id, fulfilledConditions([], new Date().toISOString()));
  await store.clusters.setObserved(id, { generation, retries, deleting: false });
  await store.health.adopt(1_000);
  return id;
}

const observed = (hostname: string, ready: NodeObservation['ready'] = 'True'): NodeObservation => ({
  ...{ hostname, ready, reason: '', message: '', version: 'v1.34.4' },
  ...{ addresses: [], cordoned: false, pressures: [] },
});
const machine = (certificatesExpireAt?: string): MachineObservation => ({
  ...{ observedAt: '2026-11-26T06:00:00.000Z', certificates: [], disks: [], drift: [] },
  ...(certificatesExpireAt === undefined ? {} : { certificatesExpireAt }),
});
const recorded = (set: Partial<RecordedLook> = {}, look: Partial<Look> = {}): RecordedLook => ({
  look: {
    ...{ at: '2026-11-26T06:00:00.000Z', through: 'node-1', failures: [] },
    nodes: [observed('node-1'), observed('node-2')],
    ...look,
  },
  ...{ failures: 0, suspects: [], machines: [], hostnames: ['node-1', 'node-2'] },
  ...{ nextLookAt: '2026-11-26T06:00:30.000Z', machinesDueAt: '2026-11-26T06:30:00.000Z' },
  ...set,
});
const record = (after: number, set?: Partial<RecordedLook>, look?: Partial<Look>, generation = 1) =>
  store.health.record({ clusterId, leaseGeneration: generation, after }, recorded(set, look));

const due = async (now = new Date('2100-01-01')) =>
  (await store.health.due([shardOf(clusterId)], now, 1_000)).find(
    (each) => each.clusterId === clusterId,
  );

describe('a cluster that has got its API server', () => {
  it('is due at once, in its shard only', async () => {
    expect(await due()).toEqual({
      ...{ clusterId, shard: shardOf(clusterId), sequence: 0, failures: 0, suspects: [] },
      machinesDueAt: '',
    });
    const others = Array.from({ length: 64 }, (_, shard) => shard).filter(
      (shard) => shard !== shardOf(clusterId),
    );
    const found = await store.health.due(others, new Date('2100-01-01'), 10_000);
    expect(found.map((each) => each.clusterId)).not.toContain(clusterId);
  });

  it('is adopted once; one without an API server is not', async () => {
    await applyTo(store)(`${name}-bare`, [node(70), node(71)]);
    expect(await store.health.adopt(1_000)).toBe(0);
    await record(0);
    await store.health.adopt(1_000);
    expect((await store.health.get(clusterId))?.sequence).toBe(1);
  });

  it.each([{ $unset: { watched: true as const } }, { $set: { watched: false } }])(
    'is adopted by a running watcher, whatever an older API process wrote of it: %j',
    async (older) => {
      const { client, database } = db;
      const clusters = client.db(database).collection<{ _id: string }>('clusters');
      await clusters.updateOne({ _id: clusterId }, older);
      await client.db(database).collection<{ _id: string }>('health').deleteOne({ _id: clusterId });
      expect(await store.health.adopt(1_000)).toBe(1);
      expect(await due()).toBeDefined();
      expect(await store.health.adopt(1_000)).toBe(0);
    },
  );

  it('takes all that is kept of its looks with it when it goes', async () => {
    await record(0, {
      machines: [{ hostname: 'node-1', machine: machine('2026-12-01T00:00:00Z') }],
    });
    await store.clusters.remove(clusterId);
    expect(await store.health.get(clusterId)).toBeUndefined();
    expect(await store.health.nodes(clusterId)).toEqual([]);
    expect(await store.health.subject(clusterId)).toBeUndefined();
    expect(await due()).toBeUndefined();
  });
});

describe('a look', () => {
  it('is kept: what was seen of the cluster and of each node, and when the next is due', async () => {
    const etcd = [{ name: 'node-1', healthy: true, learner: false }];
    const failures = [{ hostname: 'node-2', kind: 'refused' as const, message: 'no' }];
    expect(await record(0, { suspects: ['etcd:x'] }, { etcd, failures })).toBe(1);
    expect(await store.health.get(clusterId)).toEqual({
      ...{ clusterId, sequence: 1, through: 'node-1', etcd, failures },
      ...{ lookedAt: '2026-11-26T06:00:00.000Z', seenAt: '2026-11-26T06:00:00.000Z' },
    });
    expect((await store.health.nodes(clusterId)).map(({ node }) => node)).toEqual([
      observed('node-1'),
      observed('node-2'),
    ]);
    expect(await due(new Date('2026-11-26T06:00:29Z'))).toBeUndefined();
    expect(await due(new Date('2026-11-26T06:00:31Z'))).toMatchObject({
      ...{ sequence: 1, suspects: ['etcd:x'], through: 'node-1' },
    });
  });

  it('that nobody answered leaves what was seen before, with its time', async () => {
    await record(0);
    const failures = [{ hostname: 'node-1', kind: 'unreachable' as const, message: 'no' }];
    const at = '2026-11-26T06:05:00.000Z';
    const set = { failures: 1 };
    const { nodes: _nodes, through: _through, ...look } = recorded(set, { at, failures }).look;
    const order = { clusterId, leaseGeneration: 1, after: 1 };
    expect(await store.health.record(order, { ...recorded(set), look })).toBe(2);
    expect(await store.health.get(clusterId)).toMatchObject({
      ...{ lookedAt: at, seenAt: '2026-11-26T06:00:00.000Z', failures },
    });
    expect((await store.health.nodes(clusterId))[1]?.node).toEqual(observed('node-2'));
    expect((await due())?.failures).toBe(1);
  });

  it('that is not the next one is not kept', async () => {
    expect(await record(0)).toBe(1);
    expect(await record(0, {}, { at: '2026-11-26T05:00:00.000Z' })).toBeUndefined();
    expect((await store.health.get(clusterId))?.lookedAt).toBe('2026-11-26T06:00:00.000Z');
  });

  it('of a watcher whose shard has gone to another is not kept, whether or not that one has looked', async () => {
    expect(await record(0, {}, {}, 4)).toBe(1);
    await store.health.fence(shardOf(clusterId), 5);
    expect(await record(1, {}, {}, 4)).toBeUndefined();
    await store.health.postpone(
      { clusterId, leaseGeneration: 4, after: 1 },
      '2030-01-01T00:00:00.000Z',
    );
    expect(await due(new Date('2026-12-01'))).toBeDefined();
    expect(await record(1, {}, {}, 5)).toBe(2);
  });

  it('writes nothing of nodes that are as they were', async () => {
    await record(0);
    const { client, database } = db;
    const nodes = client.db(database).collection('nodeHealth');
    const before = await nodes.find({ clusterId }).toArray();
    await record(1);
    expect(await nodes.find({ clusterId }).toArray()).toEqual(before);
    await record(2, {}, { nodes: [observed('node-1'), observed('node-2', 'Unknown')] });
    const now = await nodes.find({ clusterId }).sort({ hostname: 1 }).toArray();
    expect(now.map(({ sequence }) => sequence as number)).toEqual([1, 3]);
  });

  it('forgets a node that is no more, and what was seen of one whose object has gone', async () => {
    await record(0, { machines: [{ hostname: 'node-2', machine: machine() }] });
    await record(1, {}, { nodes: [observed('node-1')] });
    expect(await store.health.nodes(clusterId)).toEqual([
      { hostname: 'node-1', node: observed('node-1') },
      { hostname: 'node-2', machine: machine() },
    ]);
    await record(2, { hostnames: ['node-1'] }, { nodes: [observed('node-1')] });
    expect((await store.health.nodes(clusterId)).map(({ hostname }) => hostname)).toEqual([
      'node-1',
    ]);
  });

  it('that nobody answered forgets no node, whoever else was asked', async () => {
    await record(0);
    const set = {
      machines: [{ hostname: 'node-1', machine: machine() }],
      hostnames: ['node-1'],
    };
    const { nodes: _nodes, ...look } = recorded(set).look;
    const order = { clusterId, leaseGeneration: 1, after: 1 };
    expect(await store.health.record(order, { ...recorded(set), look })).toBe(2);
    expect(await store.health.nodes(clusterId)).toEqual([
      { hostname: 'node-1', node: observed('node-1'), machine: machine() },
      { hostname: 'node-2', node: observed('node-2') },
    ]);
  });

  it('from before somebody asked for a new one is not kept', async () => {
    await record(0, { machines: [{ hostname: 'node-1', machine: machine() }] });
    await store.health.refresh(clusterId);
    expect(await record(1)).toBeUndefined();
    expect(await due(new Date())).toMatchObject({ sequence: 2, machinesDueAt: '' });
    expect([...(await store.health.machinesAskedAt(clusterId)).keys()]).toEqual([]);
  });
});

describe('what machines say', () => {
  it('stands until they say something else; when they were asked is kept of those, too, that did not answer', async () => {
    const said = { hostname: 'node-1', machine: machine('2026-12-01T00:00:00Z') };
    await record(0, { machines: [said, { hostname: 'node-2' }] });
    await record(1, { machines: [{ hostname: 'node-1' }] }, { at: '2026-11-26T06:40:00.000Z' });
    expect(await store.health.machinesAskedAt(clusterId)).toEqual(
      new Map([
        ['node-1', '2026-11-26T06:40:00.000Z'],
        ['node-2', '2026-11-26T06:00:00.000Z'],
      ]),
    );
    expect((await store.health.nodes(clusterId))[0]?.machine).toEqual(said.machine);
  });
});

describe('a judgement', () => {
  const statuses = async (): Promise<Record<string, NodeStatus>> =>
    Object.fromEntries(
      (await store.nodes.statuses(clusterId)).map(({ hostname, status }) => [hostname, status]),
    );
  const ready = async () => {
    const record = await store.clusters.getById(clusterId);
    const found = record!.conditions.find(({ type }) => type === 'ClusterReady')!;
    return { status: found.status, reason: found.reason };
  };
  const subject = async () => (await store.health.subject(clusterId))!;
  const down = {
    nodes: [
      { hostname: 'node-1', status: 'READY' as const },
      { hostname: 'node-2', status: 'NOT_READY' as const },
    ],
    ready: { status: 'False' as const, reason: 'node-2 is not Ready: silent' },
  };
  const up = {
    nodes: down.nodes.map(({ hostname }) => ({ hostname, status: 'READY' as const })),
    ready: { status: 'True' as const, reason: 'blueprint synced' },
  };

  it('is what the status says, and its opposite when that is what is seen', async () => {
    const before = await store.clusters.getById(clusterId);
    expect(await store.health.judge({ subject: await subject(), sequence: 1 }, down)).toBe(true);
    expect(await statuses()).toEqual({ 'node-1': 'READY', 'node-2': 'NOT_READY' });
    expect(await ready()).toEqual(down.ready);
    expect(await store.health.judge({ subject: await subject(), sequence: 2 }, down)).toBe(false);
    expect(await store.health.judge({ subject: await subject(), sequence: 3 }, up)).toBe(true);
    expect(await statuses()).toEqual({ 'node-1': 'READY', 'node-2': 'READY' });
    expect(await ready()).toEqual(up.ready);
    const after = await store.clusters.getById(clusterId);
    // Nothing else of the cluster has moved, and nobody has to apply anything.
    expect({ ...after, conditions: [] }).toEqual({ ...before, conditions: [] });
  });

  it('names another reason once there is another one', async () => {
    await store.health.judge({ subject: await subject(), sequence: 1 }, down);
    const other = { ...down, ready: { status: 'Unknown' as const, reason: 'not to be looked at' } };
    await store.health.judge({ subject: await subject(), sequence: 2 }, other);
    expect(await ready()).toEqual(other.ready);
    await store.health.judge({ subject: await subject(), sequence: 3 }, up);
    expect(await ready()).toEqual(up.ready);
  });

  it('of an earlier look does not take back that of a later one', async () => {
    const early = await subject();
    await store.health.judge({ subject: await subject(), sequence: 3 }, down);
    await store.health.judge({ subject: await subject(), sequence: 4 }, up);
    await store.health.judge({ subject: early, sequence: 2 }, down);
    expect(await statuses()).toEqual({ 'node-1': 'READY', 'node-2': 'READY' });
    expect(await ready()).toEqual(up.ready);
  });

  it.each(['PENDING', 'PROVISIONING', 'FAILED', 'DELETING', 'ORPHANED', 'DISCOVERED'] as const)(
    'leaves a node that is %s to its operation',
    async (status) => {
      await store.nodes.setStatus(clusterId, 'node-2', status);
      await store.health.judge({ subject: await subject(), sequence: 1 }, down);
      expect((await statuses())['node-2']).toBe(status);
    },
  );

  it('leaves a node alone that anybody has written since it was read', async () => {
    const early = await subject();
    await store.nodes.upsert(clusterId, 'node-2', { kubernetesVersion: 'v1.34.5' });
    await store.health.judge({ subject: early, sequence: 1 }, down);
    expect((await statuses())['node-2']).toBe('READY');
  });

  it("leaves a failed operation's reason", async () => {
    const { conditions } = (await store.clusters.getById(clusterId))!;
    const failed = { status: 'False' as const, reason: 'node-2: images could not be imported' };
    const set = { type: 'ClusterReady' as const, ...failed };
    await store.clusters.setConditions(
      clusterId,
      withCondition(conditions, set, '2026-11-26T00:00:00Z'),
    );
    await store.health.judge({ subject: await subject(), sequence: 1 }, down);
    expect(await ready()).toEqual(failed);
    expect((await statuses())['node-2']).toBe('NOT_READY');
    await store.health.judge({ subject: await subject(), sequence: 2 }, up);
    expect(await ready()).toEqual(failed);
    expect((await statuses())['node-2']).toBe('READY');
  });

  it('says nothing of a cluster that was never Ready', async () => {
    const { initialConditions } = await import('../core/conditions.js');
    await store.clusters.setConditions(clusterId, initialConditions('2026-11-26T00:00:00Z'));
    await store.health.judge({ subject: await subject(), sequence: 1 }, up);
    expect((await ready()).status).toBe('Unknown');
  });

  describe('while an operation is at work', () => {
    const begin = async (): Promise<void> => {
      await store.clusters.requestRetry(project, name);
      await store.tasksets.begin({
        ...{ id: `t-${clusterId}`, clusterId, generation: 1, retries: 1 },
        ...{
          status: 'PROVISION_TASKSET_STATUS_INPROGRESS',
          comments: '',
          operations: [],
          plan: [],
        },
      });
    };

    it('is not made, neither of what was seen before nor during it', async () => {
      const early = await subject();
      await begin();
      const during = await subject();
      expect([early.busy, during.busy]).toEqual([false, true]);
      for (const of of [early, during]) {
        expect(await store.health.judge({ subject: of, sequence: 1 }, down)).toBe(false);
      }
      expect(await statuses()).toEqual({ 'node-1': 'READY', 'node-2': 'READY' });
      expect(await ready()).toEqual(up.ready);
    });

    it('and has ended since, is not made of what was seen before', async () => {
      const early = await subject();
      await begin();
      await store.tasksets.end(`t-${clusterId}`, 'PROVISION_TASKSET_STATUS_COMPLETE', '');
      await store.clusters.setObserved(clusterId, { generation: 1, retries: 1, deleting: false });
      expect(await store.health.judge({ subject: early, sequence: 1 }, down)).toBe(false);
      expect(await store.health.judge({ subject: await subject(), sequence: 2 }, down)).toBe(true);
    });
  });

  it('is made while something waits for machines that have yet to register: nothing is at work', async () => {
    await store.clusters.requestRetry(project, name);
    expect((await subject()).busy).toBe(false);
    expect(await store.health.judge({ subject: await subject(), sequence: 1 }, down)).toBe(true);
    expect((await statuses())['node-2']).toBe('NOT_READY');
  });

  it('is not made of a cluster that is being deleted', async () => {
    const early = await subject();
    await store.clusters.markDeleting(project, name);
    for (const of of [early, await subject()]) {
      expect(await store.health.judge({ subject: of, sequence: 1 }, down)).toBe(false);
    }
    expect((await statuses())['node-2']).toBe('READY');
  });
});

it('a cluster as its watcher knows it: how it is reached, and which nodes there are', async () => {
  const subject = (await store.health.subject(clusterId))!;
  expect(subject).toMatchObject({
    ...{ id: clusterId, project, name, deleting: false, initialised: true, busy: false },
    spec: desired(name).spec,
  });
  expect(subject.nodes.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))[0]).toMatchObject({
    ...{ hostname: 'node-1', status: 'READY', joined: true, leaving: false },
    ...{ privateIP: '10.0.0.1', spec: node(1) },
  });
});
