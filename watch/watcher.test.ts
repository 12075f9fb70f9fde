import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { ActivityDeps } from '../activities/deps.js';
import { fulfilledConditions } from '../core/conditions.js';
import { createMachines } from '../machine/pool.js';
import type { Machines } from '../machine/types.js';
import {
  startWatchedMachine,
  type WatchedCluster,
  type WatchedMachine,
} from '../test/ssh/watchedMachine.js';
import { desired, node, project } from '../test/store/desired.js';
import type { Store } from '../store/types.js';
import type { HealthStore, LeaseStore } from '../store/watchTypes.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import { startWatcher, type Watcher, type WatcherOptions } from './watcher.js';

const QUICK = { pollMs: 50, leaseMs: 1_500 };

let db: TestDatabase;
let deps: ActivityDeps;
let pool: Machines;
let machine: WatchedMachine;
let cluster: WatchedCluster;
let clusterId: string;
let count = 0;
let logged: string[];
const watchers: Watcher[] = [];
const opened: WatchedMachine[] = [];

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

beforeEach(async () => {
  logged = [];
  const log = (fields: object, message: string): void =>
    void logged.push(`${JSON.stringify(fields)} ${message}`);
  pool = createMachines({ connectTimeoutMs: 1_000, handshakesPerSecond: 1_000 });
  const untouched = (): never => {
    throw new Error('no artifact is needed');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: pool,
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: log, warn: log, error: log },
  };
  const { client, database } = db;
  for (const name of ['health', 'nodeHealth', 'watchers', 'leases', 'clusters', 'nodes']) {
    await client.db(database).collection(name).deleteMany({});
  }
  cluster = {
    clusterId: '',
    nodes: { 'node-1': { ready: 'True' }, 'node-2': { ready: 'True' } },
    etcd: { 'node-1': true },
  };
  machine = await open();
  clusterId = await provision(1, [machine.port]);
  cluster.clusterId = clusterId;
});
afterEach(async () => {
  await Promise.all(watchers.splice(0).map((watcher) => watcher.stop()));
  await pool.close();
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

async function open(): Promise<WatchedMachine> {
  const machine = await startWatchedMachine(cluster);
  opened.push(machine);
  return machine;
}

/** A cluster as a creation leaves it; its control planes are at these ports, of the worker nobody knows. */
async function provision(controlPlanes: number, ports: number[]): Promise<string> {
  count += 1;
  const name = `watched-${String(count)}`;
  const nodes = [1, 2].map((each) =>
    node(each, {
      privateIP: `10.${String(count)}.0.${String(each)}`,
      roles: each <= controlPlanes ? ['ControlPlane'] : ['Worker'],
      ssh: {
        ipAddress: '127.0.0.1',
        port: String(ports[each - 1] ?? machine.port),
        username: 'root',
      },
    }),
  );
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, nodes), secretsHash: 'h' },
  });
  const owner = `${project}/${name}`;
  for (const spec of nodes) {
    const { privateKey } = machine.target;
    const sealed = deps.vault.seal(owner, JSON.stringify({ privateKey }));
    await db.store.secrets.put(owner, `ssh:${spec.hostname}`, sealed);
    const set = { spec, claimed: true, joined: true, status: 'READY' as const };
    await db.store.nodes.upsert(record.id, spec.hostname, set);
  }
  const { id, generation, retries } = record;
  await db.store.clusters.setApplied(id, {
    ...{ initialised: true, created: true, kubernetesVersion: 'v1.34.4' },
  });
  await db.store.clusters.setConditions(id, fulfilledConditions([], new Date().toISOString()));
  await db.store.clusters.setObserved(id, { generation, retries, deleting: false });
  return id;
}

function watch(options: WatcherOptions = {}): Watcher {
  const watcher = startWatcher(deps, { ...QUICK, ...options });
  watchers.push(watcher);
  return watcher;
}

const soon = (ask: () => Promise<unknown>) => expect.poll(ask, { timeout: 15_000, interval: 50 });
const status = async (hostname: string): Promise<string | undefined> =>
  (await db.store.nodes.get(clusterId, hostname))?.status;
const ready = async (): Promise<string> => {
  const record = await db.store.clusters.getById(clusterId);
  const found = record?.conditions.find(({ type }) => type === 'ClusterReady');
  return `${found?.status ?? ''}: ${found?.reason ?? ''}`;
};
/** The next look need not be waited for. */
const lookNow = async (): Promise<void> => {
  const { client, database } = db;
  await client
    .db(database)
    .collection('health')
    .updateMany({}, { $set: { nextLookAt: '2026-01-01T00:00:00.000Z' } });
};
const looked = async (): Promise<number> => (await db.store.health.get(clusterId))?.sequence ?? 0;

async function anotherLook(): Promise<void> {
  const before = await looked();
  await lookNow();
  await soon(looked).toBeGreaterThan(before);
}

describe('a watcher', () => {
  it('looks at a cluster once it has its API server, and keeps what it has seen', async () => {
    cluster.certificatesExpireAt = '2027-01-01T00:00:00Z';
    watch();
    await soon(looked).toBeGreaterThan(0);
    expect(machine.looks[0]).toBe('cluster machine');
    expect(await db.store.health.get(clusterId)).toMatchObject({
      ...{ through: 'node-1', failures: [], etcd: [{ name: 'node-1', healthy: true }] },
    });
    await soon(async () => (await db.store.health.nodes(clusterId)).length).toBe(2);
    const [first, second] = await db.store.health.nodes(clusterId);
    expect(first).toMatchObject({
      ...{ hostname: 'node-1', node: { ready: 'True', version: 'v1.34.4' } },
      machine: { certificatesExpireAt: '2027-01-01T00:00:00Z', drift: [] },
    });
    expect(second).toMatchObject({ hostname: 'node-2', node: { ready: 'True' } });
    expect(await ready()).toBe('True: blueprint synced');
  });

  it('keeps when the certificates of a control plane end, which renewals go by', async () => {
    cluster.certificatesExpireAt = '2027-01-01T00:00:00Z';
    watch();
    const known = async () => (await db.store.nodes.get(clusterId, 'node-1'))?.certificates;
    await soon(known).toMatchObject({
      ...{ expiresAt: '2027-01-01T00:00:00.000Z', first: 'apiserver' },
    });
    const by = new Date('2027-01-02T00:00:00Z');
    const { items } = await db.store.certificates.due(by, { limit: 10 });
    expect(items.map(({ id }) => id)).toEqual([clusterId]);
  });

  it('says which node is not Ready, and that it is again, without an operation', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    cluster.nodes['node-2'] = { ready: 'Unknown', message: 'Kubelet stopped posting node status.' };
    await lookNow();
    await soon(() => status('node-2')).toBe('NOT_READY');
    await soon(ready).toBe('False: node-2 is not Ready: Kubelet stopped posting node status');
    expect(await status('node-1')).toBe('READY');
    cluster.nodes['node-2'] = { ready: 'True' };
    await lookNow();
    await soon(() => status('node-2')).toBe('READY');
    await soon(ready).toBe('True: blueprint synced');
    expect(await db.store.tasksets.latest(clusterId, 1)).toEqual([]);
    expect(logged.filter((line) => line.includes('has changed'))).toHaveLength(2);
  });

  it('takes a machine for dead that two looks could not reach, and says so of its cluster', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    await machine.close();
    opened.splice(0);
    await anotherLook();
    expect(await status('node-1')).toBe('READY');
    await anotherLook();
    await soon(() => status('node-1')).toBe('NOT_READY');
    await soon(ready).toMatch(
      /^False: no control plane answers: node-1 \(127\.0\.0\.1:\d+\) cannot be reached/,
    );
    // Nobody knows.
    expect(await status('node-2')).toBe('READY');
  });

  it('looks through another control plane where one does not answer, and through that one first from then on', async () => {
    const other = await open();
    await machine.close();
    clusterId = await provision(2, [machine.port, other.port]);
    cluster.clusterId = clusterId;
    // However busy the computer is, the other one is asked because this one has failed.
    watch({ hedgeMs: 60_000 });
    await soon(looked).toBeGreaterThan(0);
    expect(await db.store.health.get(clusterId)).toMatchObject({
      ...{ through: 'node-2', failures: [{ hostname: 'node-1', kind: 'unreachable' }] },
    });
    await anotherLook();
    expect((await db.store.health.get(clusterId))?.failures).toEqual([]);
    expect(await ready()).toBe('True: blueprint synced');
  });

  it('does not wait long for a control plane that says nothing where another one answers', async () => {
    const other = await open();
    clusterId = await provision(2, [machine.port, other.port]);
    cluster.clusterId = clusterId;
    machine.freeze();
    await pool.close();
    // A dead machine takes longer to be known as such than this test may.
    pool = createMachines({ connectTimeoutMs: 60_000, handshakesPerSecond: 1_000 });
    deps = { ...deps, machines: pool };
    watch();
    await soon(looked).toBeGreaterThan(0);
    expect(await db.store.health.get(clusterId)).toMatchObject({ through: 'node-2', failures: [] });
    opened.splice(opened.indexOf(machine), 1);
    await machine.close();
  }, 30_000);

  it('is told by the machine when only the API server is silent', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    cluster.apiProblem = 'connection refused';
    await anotherLook();
    expect(await ready()).toBe('True: blueprint synced');
    await anotherLook();
    await soon(ready).toBe(
      'False: no control plane answers: the API server does not answer on node-1: connection refused',
    );
    expect(await status('node-1')).toBe('READY');
  });

  it('shows a changed host key as what it is: nothing is sent there, and nobody is said to be dead', async () => {
    const key = `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), Buffer.alloc(32, 7)]).toString('base64')}`;
    await db.store.hostKeys.pin({
      ...{ clusterId, hostname: 'node-1', key, fingerprint: 'SHA256:x', source: 'first-use' },
    });
    watch();
    await soon(looked).toBeGreaterThan(0);
    await anotherLook();
    await soon(ready).toMatch(
      /^Unknown: the cluster cannot be looked at: node-1 .* shows the host key/,
    );
    expect(machine.looks.filter((parts) => parts.includes('cluster'))).toEqual([]);
    expect(await status('node-1')).toBe('READY');
    expect((await db.store.hostKeys.get(clusterId, 'node-1'))?.pending).toBeDefined();
  });

  it('records looks while an operation is at work, and says nothing of them', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    await db.store.clusters.requestRetry(project, `watched-${String(count)}`);
    await db.store.tasksets.begin({
      ...{ id: `t-${clusterId}`, clusterId, generation: 1, retries: 1 },
      ...{ status: 'PROVISION_TASKSET_STATUS_INPROGRESS', comments: '', operations: [], plan: [] },
    });
    cluster.nodes['node-2'] = { ready: 'False', message: 'drained and stopped' };
    await anotherLook();
    await soon(async () => (await db.store.health.nodes(clusterId))[1]?.node?.ready).toBe('False');
    expect(await status('node-2')).toBe('READY');
    expect(await ready()).toBe('True: blueprint synced');
    await db.store.tasksets.end(`t-${clusterId}`, 'PROVISION_TASKSET_STATUS_COMPLETE', '');
    await db.store.clusters.setObserved(clusterId, { generation: 1, retries: 1, deleting: false });
    await db.store.health.refresh(clusterId);
    await soon(() => status('node-2')).toBe('NOT_READY');
  });

  it('leaves a cluster alone that is being deleted', async () => {
    await db.store.clusters.markDeleting(project, `watched-${String(count)}`);
    watch();
    const nextLookAt = async (): Promise<string> => {
      const { client, database } = db;
      const found = await client.db(database).collection('health').findOne({ clusterId });
      return (found?.['nextLookAt'] as string | undefined) ?? '';
    };
    await soon(async () => (await nextLookAt()) > new Date(Date.now() + 30_000).toISOString()).toBe(
      true,
    );
    expect(machine.accepted).toBe(0);
  });

  it('asks each machine itself in its turn, and not again soon', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    await anotherLook();
    await soon(async () => (await db.store.health.machinesAskedAt(clusterId)).size).toBe(2);
    await anotherLook();
    await anotherLook();
    expect(machine.looks.filter((parts) => parts.includes('machine'))).toHaveLength(2);
  });

  it('shares one connection among the looks at a machine', async () => {
    watch();
    await soon(looked).toBeGreaterThan(0);
    for (let look = 0; look < 5; look++) await anotherLook();
    // The worker's node is at the same port here, hence the same connection.
    expect(machine.logins).toBe(1);
  });
});

describe('several watchers', () => {
  it('share the shards; one that stops leaves its own at once', async () => {
    const all = [watch(), watch()];
    const shards = async (): Promise<number[]> => all.map((watcher) => watcher.shards());
    await soon(shards).toEqual([32, 32]);
    await all[0]!.stop();
    await soon(shards).toEqual([0, 64]);
  });

  it('take over from one that hangs, whose look counts no more when it ends after all', async () => {
    const hanging = hangable(db.store);
    const first = startWatcher({ ...deps, store: hanging.store }, QUICK);
    watchers.push(first);
    await soon(looked).toBeGreaterThan(0);
    let release = (): void => undefined;
    machine.wait = new Promise((resolve) => {
      release = resolve;
    });
    const before = machine.looks.length;
    await lookNow();
    await soon(async () => machine.looks.length).toBeGreaterThan(before);
    hanging.hang();
    delete machine.wait;
    cluster.nodes['node-2'] = { ready: 'Unknown', message: 'silent' };
    const second = watch();
    await soon(async () => second.shards()).toBe(64);
    // By its own clock, without a word from the database.
    expect(first.shards()).toBe(0);
    await soon(() => status('node-2')).toBe('NOT_READY');
    const recorded = hanging.recorded.length;
    release();
    await soon(async () => hanging.recorded.length).toBeGreaterThan(recorded);
    expect(hanging.recorded.at(-1)).toBeUndefined();
    expect(await status('node-2')).toBe('NOT_READY');
    hanging.wake();
  });
});

/** A store whose leases hang, as those of a process that is stopped; `recorded` is what became of its looks. */
function hangable(store: Store) {
  const recorded: (number | undefined)[] = [];
  let wake = (): void => undefined;
  let hanging: Promise<void> | undefined;
  const leases = new Proxy(store.leases, {
    get: (target, property: keyof LeaseStore) => async (arg: never, more: never) => {
      await hanging;
      return (target[property] as (arg: never, more: never) => unknown)(arg, more);
    },
  });
  const health = new Proxy(store.health, {
    get: (target, property: keyof HealthStore) => {
      if (property !== 'record') return target[property];
      const record: HealthStore['record'] = async (order, look) => {
        const sequence = await target.record(order, look);
        recorded.push(sequence);
        return sequence;
      };
      return record;
    },
  });
  return {
    store: { ...storeParts(store), leases, health },
    recorded,
    hang: () => {
      hanging = new Promise((resolve) => {
        wake = resolve;
      });
    },
    wake: () => wake(),
  };
}

/** The store is a proxy itself. */
function storeParts(store: Store): Store {
  return Object.fromEntries(
    Object.keys(store).map((key) => [key, store[key as keyof Store]]),
  ) as unknown as Store;
}
