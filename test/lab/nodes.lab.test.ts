import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TasksetPlan } from '../../api/views/tasksetPlanView.js';
import type { TasksetDetails } from '../../api/views/tasksetView.js';
import type { Cluster, NodeSpec } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { machinesFound } from './found.js';
import { holdPodOn, removeHeld } from './held.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { kubeletPid, runIds, runsOf, startsInJournal, stepsOf } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Nodes that come, change, are lost and come back. Each change is asked about by a dry run first, and what is then done is
 * what that has answered. Each test goes on from the one before.
 */

const NAME = 'nodes';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';

let session: LabSession;
let kubectl: Kubectl;
let expectAsFound: (name: string) => Promise<void>;
/** As it was applied last. */
let cluster: Cluster;
/** Before a machine was lost. */
let whole: Cluster;

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(['m1', 'm2']);
});

afterAll(() => session.stop());

const of = (...machines: string[]): Cluster =>
  labCluster(session.lab, { ...{ name: NAME, machines, blueprint: 'minimal' } });

function changed(change: (of: Cluster['spec']['config']) => void): Cluster {
  const next = structuredClone(cluster);
  change(next.spec.config);
  return next;
}

const without = (name: string): Cluster =>
  changed((config) => {
    config.nodes = config.nodes.filter(({ hostname }) => hostname !== name);
  });

const setNode = (name: string, set: Partial<NodeSpec>) => (config: Cluster['spec']['config']) => {
  config.nodes = config.nodes.map((node) => (node.hostname === name ? { ...node, ...set } : node));
};

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await session.plinth.request(method, path, body);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text) as T;
}

const inShort = ({ operations }: Pick<TasksetDetails, 'operations'>) =>
  operations.map(({ name, reason, nodes, leave, clusterSteps, firstSteps = [] }) => ({
    ...{ name, reason, leave, clusterSteps, firstSteps },
    // What is set through a control plane is shown of nodes without a path.
    nodes: nodes
      .flatMap(({ hostname, path }) => (path === undefined ? [] : [`${hostname} ${path}`]))
      .toSorted(),
  }));

/** Asks what would be done, sees that nothing is, applies, and sees that it was that. */
async function becomes(next: Cluster, { force = false, how = 2 } = {}): Promise<string> {
  const query = force ? '&force=true' : '';
  const tasksets = async () =>
    (await session.plinth.status(NAME)).lastTasksets.map(({ tasksetId }) => tasksetId);
  const before = await tasksets();
  const runsBefore = await runIds('m1');
  const plan = await json<TasksetPlan>('POST', `${CLUSTERS}?dryRun=true${query}`, next);
  expect(plan.refusals).toEqual([]);
  expect(await tasksets()).toEqual(before);
  expect(await runIds('m1')).toEqual(runsBefore);
  await json('POST', `${CLUSTERS}?${query}`, next);
  const status = await session.plinth.untilEnded(NAME, 1200);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(how);
  cluster = next;
  const [newest] = status.lastTasksets;
  if (plan.operations.length === 0) {
    expect(await tasksets()).toEqual(before);
    return status.commonStatus.reason;
  }
  const done = await json<TasksetDetails>('GET', `${NAME}/tasksets/${newest?.tasksetId ?? ''}`);
  expect(inShort(done)).toEqual(inShort(plan));
  return status.commonStatus.reason;
}

async function statusOf(name: string): Promise<string | undefined> {
  const { mks } = await session.plinth.status(NAME);
  return mks.nodes.find(({ hostname }) => hostname === name)?.status;
}

async function configz(node: string): Promise<Record<string, unknown>> {
  const text = await kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/configz`]);
  return (JSON.parse(text) as { kubeletconfig: Record<string, unknown> }).kubeletconfig;
}

const kubeletFlags = async (machine: string): Promise<string[]> => {
  const command = `tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value kubelet)/cmdline`;
  return (await execOn(machine, command)).stdout.split('\n');
};

async function readyNodes(): Promise<string[]> {
  const rows = (await kubectl(['get', 'nodes', '--no-headers'])).trim().split('\n');
  return rows.filter((row) => / Ready /.test(row)).map((row) => row.split(' ')[0] ?? '');
}

describe('a cluster of two machines', () => {
  it('is made as its dry run says, before there is anything of it', async () => {
    cluster = of('m1', 'm2');
    const plan = await json<TasksetPlan>('POST', `${CLUSTERS}?dryRun=true`, cluster);
    expect(plan.operations.map(({ name }) => name)).toEqual(['ClusterCreation', 'BlueprintSync']);
    expect((await session.plinth.request('GET', NAME)).status).toBe(404);
    expect(await runIds('m1')).toEqual([]);
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 900);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  });

  it('gets a third one, and only the new machine and the API server are touched', async () => {
    const [m1, m2] = [await runIds('m1'), await runIds('m2')];
    const pids = await Promise.all(['m1', 'm2'].map(kubeletPid));
    const started = await startsInJournal('m2');
    expect(started).toBeGreaterThan(10);
    await becomes(of(...MACHINES));
    expect(await startsInJournal('m2')).toBe(started);
    expect((await readyNodes()).toSorted()).toEqual([...MACHINES]);
    expect(await runIds('m2')).toEqual(m2);
    const through = (await runIds('m1')).filter((run) => !m1.includes(run));
    expect(stepsOf(through)).toEqual(['check-in', 'join-token', 'node-metadata']);
    expect(await Promise.all(['m1', 'm2'].map(kubeletPid))).toEqual(pids);
  });

  it('gives kubelets other settings one by one, each Ready before the next', async () => {
    const next = changed((config) => {
      config.kubeletConfigurationOverrides = 'maxPods: 77\n';
      setNode('m2', { kubeletExtraArgs: { v: '4' } })(config);
    });
    await becomes(next);
    for (const name of MACHINES) expect(await configz(name)).toMatchObject({ maxPods: 77 });
    expect(await kubeletFlags('m2')).toContain('--v=4');
    expect(await kubeletFlags('m1')).not.toContain('--v=4');
    const turns = await Promise.all(
      MACHINES.map(async (name) => {
        const change = (await runsOf(name, 'kubelet-config')).at(-1);
        const ready = (await runsOf(name, 'node-ready')).at(-1);
        if (change === undefined || ready?.endedAt === undefined)
          throw new Error(`none on ${name}`);
        return { name, from: change.startedAt, to: ready.endedAt };
      }),
    );
    const inOrder = turns.toSorted((a, b) => a.from - b.from);
    inOrder.slice(1).forEach((turn, index) => {
      expect(turn.from, `${turn.name} after its forerunner`).toBeGreaterThanOrEqual(
        inOrder[index]?.to ?? 0,
      );
    });
    expect((await readyNodes()).toSorted()).toEqual([...MACHINES]);
  });

  it("changes one node's settings without touching another kubelet", async () => {
    const pids = await Promise.all(['m1', 'm2'].map(kubeletPid));
    const before = cluster;
    await becomes(changed(setNode('m3', { kubeletConfigurationOverrides: 'maxPods: 55' })));
    expect(await configz('m3')).toMatchObject({ maxPods: 55 });
    expect(await Promise.all(['m1', 'm2'].map(kubeletPid))).toEqual(pids);
    await becomes(before);
    expect(await configz('m3')).toMatchObject({ maxPods: 77 });
  });

  it('has a kubelet go on as before that cannot start with its new settings', async () => {
    const good = cluster;
    const reason = await becomes(
      changed(setNode('m3', { kubeletExtraArgs: { 'no-such-flag': '1' } })),
      { how: 3 },
    );
    expect(reason).toContain('has those of before back');
    expect((await readyNodes()).toSorted()).toEqual([...MACHINES]);
    expect(await kubeletFlags('m3')).not.toContain('--no-such-flag=1');
    expect(await statusOf('m3')).toBe('FAILED');
    // Nothing is left to do for what was there before but to see that it is Ready.
    await becomes(good);
    expect(await statusOf('m3')).toBe('READY');
    expect(await configz('m3')).toMatchObject({ maxPods: 77 });
  });

  it('sets labels, annotations and taints of nodes that are there, and takes away only what it has set', async () => {
    interface Node {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: { taints?: { key: string; value?: string; effect: string }[] };
    }
    const ofM2 = async () => JSON.parse(await kubectl(['get', 'node', 'm2', '-o', 'json'])) as Node;
    const before = cluster;
    const [m2, started] = [await runIds('m2'), await startsInJournal('m2')];
    await kubectl(['label', 'node', 'm2', 'example.com/by-hand=stays']);
    const taint = { key: 'example.com/for', value: 'ci', effect: 'PreferNoSchedule' as const };
    const labels = { app: 'infra', 'example.com/tier': 'a' };
    const annotations = { 'example.com/rack': '7' };
    await becomes(changed(setNode('m2', { labels, annotations, taints: [taint] })));
    expect(await ofM2()).toMatchObject({
      metadata: { labels: { ...labels, 'example.com/by-hand': 'stays' }, annotations },
      spec: { taints: [taint] },
    });
    await becomes(before);
    const { metadata, spec } = await ofM2();
    expect(metadata.labels).toMatchObject({ app: 'infra', 'example.com/by-hand': 'stays' });
    expect(Object.keys(metadata.labels)).not.toContain('example.com/tier');
    expect(Object.keys(metadata.annotations)).not.toContain('example.com/rack');
    expect(spec.taints ?? []).toEqual([]);
    // Through the API server: nothing runs on the node itself.
    expect([await runIds('m2'), await startsInJournal('m2')]).toEqual([m2, started]);
  });

  it('lets a removal be cancelled whose drain a budget holds up: the node takes pods again, and stays', async () => {
    await holdPodOn('m3', kubectl);
    const before = cluster;
    const isCordoned = async () =>
      (await kubectl(['get', 'node', 'm3', '-o', 'jsonpath={.spec.unschedulable}'])) === 'true';

    expect((await session.plinth.apply(without('m3'))).status).toBe(200);
    await until('m3 is cordoned', 60, async () => ((await isCordoned()) ? true : undefined));
    expect((await session.plinth.request('POST', `${NAME}/cancel`)).status).toBe(200);
    const { commonStatus } = await session.plinth.untilEnded(NAME, 120);
    expect(commonStatus.conditionStatus).toBe(3);
    expect(commonStatus.reason).toContain('cancelled by request: node m3, step drain');
    expect(await isCordoned()).toBe(false);
    expect((await readyNodes()).toSorted()).toEqual([...MACHINES]);
    // Wanted again, there is nothing to do for it: it has never left.
    await becomes(before);
    const available = 'jsonpath={.status.availableReplicas}';
    expect(await kubectl(['get', 'deployment', 'held', '-o', available])).toBe('1');
    await removeHeld(kubectl);
  });

  it('refuses another role for a node, and says what to do', async () => {
    const next = changed(setNode('m3', { roles: ['Worker', 'Storage'] }));
    const plan = await json<TasksetPlan>('POST', `${CLUSTERS}?dryRun=true`, next);
    expect(plan.refusals).toEqual([
      {
        path: 'spec.config.nodes[2].roles',
        message: expect.stringContaining(
          'remove the node, and add it again in a later apply',
        ) as string,
      },
    ]);
    expect((await session.plinth.apply(next)).status).toBe(400);
  });

  it('does not lose a machine that is away without being told to, and says how', async () => {
    whole = cluster;
    await powerOff('m3');
    // Until then its pods are waited for.
    await until('the API server misses m3', 180, async () =>
      (await readyNodes()).includes('m3') ? undefined : true,
    );
    const reason = await becomes(without('m3'), { how: 3 });
    expect(reason).toContain('force=true');
  });

  it('takes it out with force, and lists it as ORPHANED with what to do', async () => {
    await becomes(cluster, { force: true });
    expect((await kubectl(['get', 'nodes', '-o', 'name'])).trim().split('\n').toSorted()).toEqual([
      'node/m1',
      'node/m2',
    ]);
    const { items } = await json<{
      items: { hostname: string; orphaned?: { reason: string; whatToDo: string } }[];
    }>('GET', `${NAME}/nodes?status=ORPHANED`);
    expect(items.map(({ hostname }) => hostname)).toEqual(['m3']);
    expect(items[0]?.orphaned?.reason).toContain('m3');
    expect(items[0]?.orphaned?.whatToDo).toContain('dismiss');
    const status = await session.plinth.status(NAME);
    expect(status.mks.nodes).toContainEqual({ hostname: 'm3', status: 'ORPHANED' });
  });

  it('has it back once it is there again and wanted: it is cleaned first', async () => {
    await powerOn('m3');
    await until('m3 answers', 120, async () =>
      execOn('m3', 'true').then(
        () => true,
        () => undefined,
      ),
    );
    await becomes(whole);
    expect((await readyNodes()).toSorted()).toEqual([...MACHINES]);
    expect(await configz('m3')).toMatchObject({ maxPods: 77 });
    const { items } = await json<{ items: unknown[] }>('GET', `${NAME}/nodes?status=ORPHANED`);
    expect(items).toEqual([]);
  });

  it('is deleted with force although a machine is gone, and the others are clean', async () => {
    const orphaned = async (): Promise<number> => {
      const audit = '/apis/system.k8smgmt.io/v3/audit?limit=50';
      const { items } = await json<{ items: { action: string }[] }>('GET', audit);
      return items.filter(({ action }) => action === 'node.orphan').length;
    };
    const before = await orphaned();
    await powerOff('m3');
    expect((await session.plinth.request('DELETE', `${NAME}?force=true`)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of ['m1', 'm2']) await expectAsFound(name);
    expect(await orphaned()).toBe(before + 1);
  });
});
