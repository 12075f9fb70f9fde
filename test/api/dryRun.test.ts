import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ActivityDeps } from '../../activities/deps.js';
import type { Work } from '../../activities/refs.js';
import { takeWork } from '../../activities/tasksets.js';
import { newApp } from '../../api/app.js';
import type { ApiError } from '../../api/http/apiError.js';
import type { TasksetPlan } from '../../api/views/tasksetPlanView.js';
import type { Cluster } from '../../core/cluster.js';
import type { NodeRecord } from '../../core/records.js';
import { fixtureNode } from '../fixtures/cluster.js';
import { clustersOf, openTestApi, uniqueCluster, type TestApi } from './openTestApi.js';

/*
 * A dry run answers what the worker then takes, and leaves the database byte by byte as it was.
 */

let api: TestApi;
let project: string;
let site = 0;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  api.workflows.notified = [];
});

const fresh = (): Cluster => uniqueCluster(project, 'demo', (site += 1));

/** Everything that is stored, but for what noting the use of a key changes. */
async function stored(): Promise<string> {
  const database = api.database.client.db(api.database.database);
  const names = (await database.listCollections().toArray()).map(({ name }) => name).toSorted();
  const all = await Promise.all(
    names.map(async (name) => {
      const found = await database.collection(name).find().sort({ _id: 1 }).toArray();
      return [name, found.map(({ lastUsedAt: _used, ...rest }) => rest)];
    }),
  );
  return JSON.stringify(all);
}

async function dryRun(body: unknown, method = 'POST', path = clustersOf(project)) {
  const before = await stored();
  const answer = await api.call(method, `${path}?dryRun=true`, {
    ...(body === undefined ? {} : { body }),
    headers: { 'idempotency-key': `k${String(Math.random())}` },
  });
  expect(await stored()).toBe(before);
  expect(api.workflows.notified).toEqual([]);
  return answer;
}

async function planned(body: unknown): Promise<TasksetPlan> {
  const answer = await dryRun(body);
  expect(answer.status, await answer.clone().text()).toBe(200);
  return (await answer.json()) as TasksetPlan;
}

/** As after a first taskset that ended well. */
async function applied(cluster: Cluster, change: Partial<NodeRecord> = {}): Promise<void> {
  expect((await api.call('POST', clustersOf(project), { body: cluster })).status).toBe(200);
  api.workflows.notified = [];
  const { clusters, nodes } = api.deps.store;
  const record = (await clusters.get(project, 'demo'))!;
  const { spec } = record.desired;
  await clusters.setApplied(record.id, {
    ...{ initialised: true, created: true, kubernetesVersion: spec.config.kubernetesVersion },
    ...{ spec, blueprint: spec.blueprint },
  });
  for (const node of spec.config.nodes) {
    await nodes.upsert(record.id, node.hostname, {
      ...{ spec: node, status: 'READY', claimed: true, joined: true },
      ...change,
    });
  }
  await clusters.setObserved(record.id, { generation: 1, retries: 0, deleting: false });
  await clusters.setCommonStatus(record.id, {
    ...{ conditionStatus: 2, reason: 'applied', sequence: 1, generation: 1 },
  });
}

async function takenWork(): Promise<Work | undefined> {
  const deps = { store: api.deps.store, source: { catalog: { artifacts: [] } } };
  const work = await takeWork(deps as unknown as ActivityDeps, {
    ...{ project, name: 'demo', tasksetId: `t${String(site).padStart(6, '0')}` },
  });
  return work as Work | undefined;
}

/** What the worker then takes, in the terms of the answer. */
async function taken() {
  return (await takenWork())?.operations.map((operation) => ({
    ...{ name: operation.name, reason: operation.reason, leave: operation.leave },
    clusterSteps: operation.clusterSteps,
    nodes: operation.nodes.map(({ hostname, path }) => ({ hostname, path })),
  }));
}

const inShort = ({ operations }: TasksetPlan) =>
  operations.map(({ name, reason, leave, clusterSteps, nodes }) => ({
    ...{ name, reason, leave, clusterSteps },
    // Nodes without a path are shown only for what is set of them through a control plane.
    nodes: nodes.flatMap(({ hostname, path }) => (path === undefined ? [] : [{ hostname, path }])),
  }));

describe('a dry run of a cluster that does not exist', () => {
  test('is its creation, step by step, with a reason for each node', async () => {
    const body = fresh();
    const plan = await planned(body);
    expect(plan).toMatchObject({
      ...{ dryRun: true, id: 'dry-run', sequence: 1, generation: 1, refusals: [] },
      status: 'PROVISION_TASKSET_STATUS_PENDING',
    });
    expect(plan.operations.map(({ name }) => name)).toEqual(['ClusterCreation', 'BlueprintSync']);
    const [creation] = plan.operations;
    expect(creation?.nodes.map(({ hostname, reason }) => [hostname, reason])).toEqual([
      ['m1', 'it is the first control plane: the cluster is initialised on it'],
      ['m2', 'it has not joined yet'],
      ['m3', 'it has not joined yet'],
    ]);
    expect(creation?.nodes[1]?.steps.map(({ name }) => name)).toEqual([
      ...['facts', 'claim', 'artifacts', 'os-prepare', 'packages', 'container-runtime'],
      ...['api-endpoint', 'binaries', 'images', 'kubeadm-join', 'node-ready'],
    ]);
    expect((await api.call('GET', `${clustersOf(project)}/demo`)).status).toBe(404);
    expect((await api.call('POST', clustersOf(project), { body })).status).toBe(200);
    expect(await taken()).toEqual(inShort(plan));
  });

  test('is refused as its apply is where the body is no valid cluster', async () => {
    const body = fresh();
    body.spec.config.nodes[1]!.hostname = 'm1';
    const answer = await dryRun(body);
    expect(answer.status).toBe(400);
    const real = await api.call('POST', clustersOf(project), { body });
    const problems = async (of: Response) => ((await of.json()) as ApiError).details;
    expect(await problems(answer)).toEqual(await problems(real));
  });
});

const changes: [string, (cluster: Cluster) => void, string[]][] = [
  ['nothing', () => undefined, []],
  [
    'a new node',
    ({ spec }) =>
      spec.config.nodes.push(fixtureNode(9, { privateIP: '192.168.250.9', ssh: ssh() })),
    ['NodeAddition'],
  ],
  ['a dropped node', ({ spec }) => spec.config.nodes.pop(), ['NodeRemoval']],
  [
    'another version',
    ({ spec }) => (spec.config.kubernetesVersion = 'v1.35.4'),
    ['ClusterUpgrade'],
  ],
  ['labels', ({ spec }) => (spec.config.nodes[1]!.labels = { a: 'b' }), ['NodeUpdate']],
  ['another blueprint', ({ spec }) => (spec.blueprint.name = 'minimal'), ['BlueprintSync']],
  [
    'nulls, which are dropped',
    ({ spec }) => ((spec.config.nodes[1] as { labels: unknown }).labels = null),
    [],
  ],
];
const ssh = () => ({ username: 'ops', port: '22', privateKeyPath: 'id_ed25519' });

describe('a dry run of a change', () => {
  test.each(changes)('of %s is what the worker takes', async (_what, change, names) => {
    const cluster = fresh();
    await applied(cluster);
    change(cluster);
    const plan = await planned(cluster);
    expect(plan.operations.map(({ name }) => name)).toEqual(names);
    expect(plan.refusals).toEqual([]);
    for (const { nodes } of plan.operations) {
      for (const node of nodes) expect(node.reason).not.toBe('');
    }
    expect((await api.call('POST', clustersOf(project), { body: cluster })).status).toBe(200);
    expect((await taken()) ?? []).toEqual(inShort(plan));
  });

  test("shows what a worker's removal does: etcd has nothing to do with it", async () => {
    const cluster = fresh();
    await applied(cluster);
    cluster.spec.config.nodes.pop();
    const [removal] = (await planned(cluster)).operations;
    expect(removal).toMatchObject({ leave: ['m3'], plainWorkers: ['m3'] });
    expect(removal?.nodes[0]?.steps.map(({ name }) => name)).toEqual([
      ...['drain', 'node-delete', 'reset', 'restore', 'release'],
    ]);
  });

  test('tells which labels are set on which node, through a control plane', async () => {
    const cluster = fresh();
    await applied(cluster);
    cluster.spec.config.nodes[1]!.labels = { a: 'b' };
    const [update] = (await planned(cluster)).operations;
    expect(update?.nodes).toEqual([
      { hostname: 'm2', reason: 'another value of labels', steps: [] },
    ]);
  });

  test('tells what an apply refuses, at its path, and plans nothing', async () => {
    const cluster = fresh();
    await applied(cluster);
    cluster.spec.config.network.podSubnet = '10.0.0.0/14';
    cluster.spec.config.kubernetesVersion = 'v1.34.3';
    cluster.spec.config.nodes[1]!.roles = ['Worker', 'Storage'];
    const plan = await planned(cluster);
    expect(plan).toMatchObject({ status: 'PROVISION_TASKSET_STATUS_FAILED', operations: [] });
    const real = await api.call('POST', clustersOf(project), { body: cluster });
    expect(real.status).toBe(400);
    expect(plan.refusals).toEqual(((await real.json()) as ApiError).details);
    expect(plan.refusals.map(({ path }) => path).toSorted()).toEqual([
      'spec.config.kubernetesVersion',
      'spec.config.network.podSubnet',
      'spec.config.nodes[1].roles',
    ]);
  });

  test('tells what etcd would refuse, as its members were seen last', async () => {
    const cluster = fresh();
    cluster.spec.config.nodes.forEach((node) => (node.roles = ['ControlPlane', 'Worker']));
    await applied(cluster);
    const { clusters, nodes } = api.deps.store;
    const { id } = (await clusters.get(project, 'demo'))!;
    await nodes.setStatus(id, 'm3', 'NOT_READY');
    // m2 goes, m3 does not answer, and one that is new comes.
    cluster.spec.config.nodes.splice(
      ...([1, 1] as const),
      fixtureNode(8, { privateIP: '192.168.250.8', ssh: ssh(), roles: ['ControlPlane', 'Worker'] }),
    );
    const plan = await planned(cluster);
    expect(plan.status).toBe('PROVISION_TASKSET_STATUS_FAILED');
    expect(plan.refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('without m2 only 1 of the 2 etcd members that stay answer'),
      expect.stringContaining('m3 does not answer'),
    ]);
    expect(plan.operations.filter(({ errorSummary }) => errorSummary !== undefined).length).toBe(2);
  });

  test('says that a taskset is under way', async () => {
    const cluster = fresh();
    expect((await api.call('POST', clustersOf(project), { body: cluster })).status).toBe(200);
    await taken();
    api.workflows.notified = [];
    cluster.spec.config.nodes.pop();
    expect((await planned(cluster)).comments).toContain(
      'is under way, and what it does is not in this plan',
    );
  });

  test('says whom it waits for to register', async () => {
    const cluster = fresh();
    for (const node of cluster.spec.config.nodes) delete node.ssh;
    const { comments, operations } = await planned(cluster);
    expect(comments).toContain('waiting for m1, m2, m3 to register');
    expect(operations[0]?.name).toBe('ClusterCreation');
  });

  test('holds to If-Match as an apply does', async () => {
    const cluster = fresh();
    await applied(cluster);
    const answer = await api.call('POST', `${clustersOf(project)}?dryRun=true`, {
      ...{ body: cluster, headers: { 'if-match': '"zzzzzzz-9"' } },
    });
    expect(answer.status).toBe(409);
  });
});

describe('force', () => {
  const post = (body: Cluster, query = '') =>
    api.call('POST', `${clustersOf(project)}${query}`, { body });

  test('reaches the operations that the worker takes, and a retry of the same has it still', async () => {
    const cluster = fresh();
    await applied(cluster);
    cluster.spec.config.nodes.pop();
    const { clusters } = api.deps.store;
    expect((await post(cluster, '?force=true')).status).toBe(200);
    expect((await clusters.get(project, 'demo'))?.force).toBe(true);
    const work = await takenWork();
    expect(work?.operations).toMatchObject([{ name: 'NodeRemoval', force: true }]);
    await clusters.requestRetry(project, 'demo');
    expect((await clusters.get(project, 'demo'))?.force).toBe(true);
    // The next change is a decision of its own.
    cluster.spec.config.nodes.pop();
    await post(cluster);
    expect((await clusters.get(project, 'demo'))?.force).toBe(false);
  });

  test('said anew of the same spec while there is work left is a retry, and none once it is applied', async () => {
    const cluster = fresh();
    await applied(cluster);
    const { clusters } = api.deps.store;
    await post(cluster, '?force=true');
    expect(await clusters.get(project, 'demo')).toMatchObject({ retries: 0 });
    cluster.spec.config.nodes.pop();
    await post(cluster);
    await post(cluster, '?force=true');
    await post(cluster, '?force=true');
    expect(await clusters.get(project, 'demo')).toMatchObject({ retries: 1, force: true });
  });

  test('lets an even number of control planes be, and they are no new decision from then on', async () => {
    const cluster = fresh();
    cluster.spec.config.nodes[1]!.roles = ['ControlPlane', 'Worker'];
    expect((await post(cluster)).status).toBe(400);
    expect((await post(cluster, '?force=true')).status).toBe(200);
    cluster.spec.config.nodes[2]!.labels = { a: 'b' };
    expect((await post(cluster)).status).toBe(200);
    cluster.spec.config.nodes[1]!.roles = ['Worker'];
    cluster.spec.config.nodes[2]!.roles = ['ControlPlane', 'Worker'];
    expect((await post(cluster)).status).toBe(400);
  });

  test('the dry run says of a machine that is away what becomes of it with and without', async () => {
    const cluster = fresh();
    await applied(cluster);
    const { clusters, nodes } = api.deps.store;
    const { id } = (await clusters.get(project, 'demo'))!;
    await nodes.setStatus(id, 'm3', 'NOT_READY');
    cluster.spec.config.nodes.pop();
    const reasonOf = async (query: string) => {
      const plan = (await (await post(cluster, `?dryRun=true${query}`)).json()) as TasksetPlan;
      return plan.operations[0]?.nodes[0]?.reason;
    };
    expect(await reasonOf('')).toContain('this fails without force=true');
    expect(await reasonOf('&force=true')).toContain('listed as ORPHANED');
  });

  test('is recorded with a deletion', async () => {
    await applied(fresh());
    await api.call('DELETE', `${clustersOf(project)}/demo?force=true`);
    const work = await takenWork();
    expect(work?.operations).toMatchObject([{ name: 'ClusterDeletion', force: true }]);
  });
});

describe('a dry run of an upgrade', () => {
  const commentsOf = async (from: string, version: string): Promise<string> => {
    const cluster = fresh();
    cluster.spec.config.kubernetesVersion = from;
    // Fits all three minors.
    cluster.spec.config.network.cni.version = '3.31.2';
    await applied(cluster);
    cluster.spec.config.kubernetesVersion = version;
    return (await planned(cluster)).comments;
  };

  test('over several minors says whose versions those in between are', async () => {
    expect(await commentsOf('v1.33.5', 'v1.35.4')).toMatch(
      /; v1\.34\.\d+ on the way: the newest of each minor that the version matrix knows/,
    );
  });

  describe('with workers at work', () => {
    const at = (from: string): Cluster => {
      const cluster = fresh();
      cluster.spec.config.kubernetesVersion = from;
      cluster.spec.config.network.cni.version = '3.31.2';
      return cluster;
    };
    const post = (body: Cluster) => api.call('POST', clustersOf(project), { body });
    const works = (id: string, ...versions: string[]) =>
      api.deps.store.workers.beat(id, {
        kubernetes: versions.map((version) => ({ version, arch: 'amd64' as const })),
      });
    afterEach(async () => {
      await Promise.all(['a', 'b'].map((id) => api.deps.store.workers.forget(id)));
    });

    test('goes through the versions that their artifacts hold, as the taskset then does', async () => {
      const cluster = at('v1.33.5');
      await applied(cluster);
      await works('a', 'v1.34.2', 'v1.34.3', 'v1.35.4');
      await works('b', 'v1.34.2', 'v1.35.4');
      cluster.spec.config.kubernetesVersion = 'v1.35.4';
      const plan = await planned(cluster);
      expect(plan.refusals).toEqual([]);
      const versions = plan.operations.map((operation) => operation.kubernetesVersion);
      // Whoever of them comes to do it has it.
      expect(versions).toEqual(['v1.34.2', 'v1.35.4']);
      expect(plan.comments).toContain(
        "v1.34.2 on the way: the newest of each minor that the workers' artifacts hold",
      );
      await post(cluster);
      const work = await takenWork();
      expect(work?.operations.map((operation) => operation.kubernetesVersion)).toEqual(versions);
    });

    test('says what none of them holds, as the apply does, and nothing is recorded', async () => {
      const cluster = at('v1.34.4');
      await applied(cluster);
      await works('a', 'v1.34.4');
      await works('b', 'v1.33.5');
      cluster.spec.config.kubernetesVersion = 'v1.35.4';
      const refusals = [
        {
          path: 'spec.config.kubernetesVersion',
          message:
            "v1.35.4 for amd64 is in no worker's artifacts (PLINTH_ARTIFACTS): they hold v1.33.5, v1.34.4",
        },
      ];
      expect(await planned(cluster)).toMatchObject({ refusals, operations: [] });
      const answer = await post(cluster);
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as ApiError).details).toEqual(refusals);
      await works('b', 'v1.35.4');
      expect((await post(cluster)).status).toBe(200);
    });

    test('refuses no change that brings no machine a version, nor a cluster that is as it was', async () => {
      const cluster = at('v1.34.4');
      await applied(cluster);
      await works('a', 'v1.35.4');
      expect((await post(cluster)).status).toBe(200);
      cluster.spec.config.nodes[1]!.labels = { a: 'b' };
      cluster.spec.config.nodes.pop();
      expect((await post(cluster)).status).toBe(200);
      // One that joins is brought it.
      const ipAddress = `192.168.251.${String(site)}`;
      const { ssh, ...node } = cluster.spec.config.nodes[1]!;
      const more = { hostname: 'm9', privateIP: ipAddress, ssh: { ...ssh, ipAddress } };
      cluster.spec.config.nodes.push({ ...node, ...more });
      const { details } = (await (await post(cluster)).json()) as ApiError;
      expect(details.map(({ message }) => message).join()).toContain('v1.34.4 for amd64');
    });
  });

  test('to the next minor goes through none', async () => {
    expect(await commentsOf('v1.34.4', 'v1.35.4')).not.toContain('on the way');
  });
});

describe('an orphaned node', () => {
  const path = () => `${clustersOf(project)}/demo/nodes`;

  test('is listed with what to do, until a person dismisses it', async () => {
    const cluster = fresh();
    await applied(cluster);
    const { clusters, nodes, hostKeys } = api.deps.store;
    const { id } = (await clusters.get(project, 'demo'))!;
    const orphan = fixtureNode(9, { privateIP: '192.168.250.99' });
    await nodes.upsert(id, 'm9', {
      ...{ spec: orphan, status: 'ORPHANED', claimed: true, joined: false, leaving: true },
      orphaned: { since: '2026-11-26T08:00:00.000Z', reason: 'm9 cannot be reached' },
    });
    await hostKeys.pin({
      ...{ clusterId: id, hostname: 'm9', key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:x' },
      source: 'first-use',
    });
    const list = (await (await api.call('GET', `${path()}?status=ORPHANED`)).json()) as {
      items: { hostname: string; orphaned: { reason: string; whatToDo: string } }[];
    };
    expect(list.items.map(({ hostname }) => hostname)).toEqual(['m9']);
    expect(list.items[0]?.orphaned.whatToDo).toContain('wipe it');
    const status = (await (await api.call('GET', `${clustersOf(project)}/demo/status`)).json()) as {
      status: { mks: { nodes: unknown[] } };
    };
    expect(status.status.mks.nodes).toContainEqual({ hostname: 'm9', status: 'ORPHANED' });

    const dismiss = (hostname: string) => api.call('POST', `${path()}/${hostname}/dismiss`);
    expect((await dismiss('m2')).status).toBe(409);
    expect((await dismiss('m77')).status).toBe(404);
    expect((await dismiss('m9')).status).toBe(200);
    expect(await nodes.get(id, 'm9')).toBeUndefined();
    expect(await hostKeys.get(id, 'm9')).toBeUndefined();
    expect((await dismiss('m9')).status).toBe(404);
  });

  describe('while it is dismissed', () => {
    const orphan = fixtureNode(9, { privateIP: '192.168.250.99' });
    const orphaned = { since: '2026-11-26T08:00:00.000Z', reason: 'm9 cannot be reached' };
    const node = { spec: orphan, status: 'ORPHANED', claimed: true, leaving: true } as const;

    /** What happens meanwhile happens as its host key is taken away. */
    async function dismissedWhile(
      meanwhile: (id: string, cluster: Cluster) => Promise<unknown>,
    ): Promise<{ status: number; node: NodeRecord | undefined }> {
      const cluster = fresh();
      await applied(cluster);
      const { store } = api.deps;
      const { id } = (await store.clusters.get(project, 'demo'))!;
      await store.nodes.upsert(id, 'm9', { ...node, orphaned });
      const hostKeys = { ...store.hostKeys, remove: () => meanwhile(id, cluster).then(() => {}) };
      const app = newApp({ ...api.deps, store: { ...store, hostKeys } });
      const answer = await app.request(`${path()}/m9/dismiss`, {
        ...{ method: 'POST', headers: { 'x-api-key': api.adminKey } },
      });
      return { status: answer.status, node: await store.nodes.get(id, 'm9') };
    }

    test('an apply may put it back: it stays, to be cleaned', async () => {
      const { status, node: left } = await dismissedWhile(async (_, cluster) => {
        cluster.spec.config.nodes.push(orphan);
        const again = await api.call('POST', clustersOf(project), { body: cluster });
        expect(again.status, await again.text()).toBe(200);
      });
      expect(status).toBe(409);
      expect(left?.orphaned).toEqual(orphaned);
    });

    test('it may be cleaned and join anew: what has joined stays', async () => {
      const { nodes } = api.deps.store;
      const { status, node: left } = await dismissedWhile(async (id) => {
        await nodes.remove(id, 'm9');
        await nodes.upsert(id, 'm9', { spec: orphan, status: 'READY', claimed: true });
      });
      expect(status).toBe(409);
      expect(left?.status).toBe('READY');
    });

    test('the database may fail: it is there still, and is dismissed again', async () => {
      const { status, node: left } = await dismissedWhile(() => Promise.reject(new Error('away')));
      expect(status).toBe(500);
      expect(left?.orphaned).toEqual(orphaned);
      expect((await api.call('POST', `${path()}/m9/dismiss`)).status).toBe(200);
    });
  });

  test('that the spec holds again is not dismissed', async () => {
    const cluster = fresh();
    await applied(cluster);
    const { clusters, nodes } = api.deps.store;
    const { id } = (await clusters.get(project, 'demo'))!;
    await nodes.upsert(id, 'm3', {
      ...{ status: 'ORPHANED', joined: false, leaving: true },
      orphaned: { since: '2026-11-26T08:00:00.000Z', reason: 'm3 cannot be reached' },
    });
    expect((await api.call('POST', `${path()}/m3/dismiss`)).status).toBe(409);
  });
});

test('the dry run of a deletion is the plan of it', async () => {
  await applied(fresh());
  const answer = await dryRun(undefined, 'DELETE', `${clustersOf(project)}/demo`);
  expect(answer.status).toBe(200);
  const { operations } = (await answer.json()) as TasksetPlan;
  expect(operations[0]).toMatchObject({
    name: 'ClusterDeletion',
    nodes: [{ hostname: 'm2' }, { hostname: 'm3' }, { hostname: 'm1' }],
  });
  const none = await dryRun(undefined, 'DELETE', `${clustersOf(project)}/none`);
  expect(none.status).toBe(404);
});

test('another word than true and false is refused, and nothing is applied', async () => {
  const answer = await api.call('POST', `${clustersOf(project)}?dryRun=1`, { body: fresh() });
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as ApiError).details[0]?.path).toBe('dryRun');
  expect((await api.call('GET', `${clustersOf(project)}/demo`)).status).toBe(404);
});

test('a key that may only read is not let in', async () => {
  const key = await api.key('viewer', project);
  const body = fresh();
  const answer = await api.call('POST', `${clustersOf(project)}?dryRun=true`, { key, body });
  expect(answer.status).toBe(403);
});
