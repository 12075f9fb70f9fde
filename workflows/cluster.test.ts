import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CANCEL_SIGNAL, CHANGED_SIGNAL, REQUEST_ID_MEMO } from '../core/clusterWorkflow.js';
import type { OperationPlan } from '../core/plan.js';
import {
  openWorkflowTests,
  type WorkflowRun,
  type WorkflowTests,
} from '../test/workflows/environment.js';
import { stepFailure, type FakeOptions, type FakeWorld } from '../test/workflows/fakeActivities.js';
import { longStep } from '../test/workflows/longStep.js';

let tests: WorkflowTests;

beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);

afterAll(() => tests.close());

/** `during` gets the cluster's workflow while it runs. */
const run = (
  options: FakeOptions,
  during?: WorkflowRun['during'],
  requestIds?: WorkflowRun['requestIds'],
): Promise<FakeWorld> =>
  tests.run(options, {
    ...(during === undefined ? {} : { during }),
    ...(requestIds === undefined ? {} : { requestIds }),
  });

const creation: OperationPlan = {
  name: 'ClusterCreation',
  reason: 'the cluster does not exist yet',
  nodes: [
    { hostname: 'm1', path: 'leader' },
    { hostname: 'm2', path: 'control-plane' },
    { hostname: 'm3', path: 'control-plane' },
    { hostname: 'm4', path: 'worker' },
  ],
  leave: [],
  clusterSteps: ['check-in', 'node-metadata'],
};
const blueprint: OperationPlan = {
  name: 'BlueprintSync',
  reason: 'first sync',
  nodes: [],
  leave: [],
  clusterSteps: ['namespace-sync'],
};

const at = (world: FakeWorld, call: string): number => {
  const index = world.calls.indexOf(call);
  expect(index, `${call} in ${world.calls.join(', ')}`).toBeGreaterThanOrEqual(0);
  return index;
};

const upgrade: OperationPlan = {
  ...{ name: 'ClusterUpgrade', reason: 'Kubernetes v1.34.4 becomes v1.35.4' },
  nodes: [
    { hostname: 'm1', path: 'upgrade-first' },
    { hostname: 'm2', path: 'upgrade-control-plane' },
    { hostname: 'm3', path: 'upgrade-worker' },
    { hostname: 'm4', path: 'upgrade-worker' },
  ],
  ...{ leave: [], clusterSteps: [], kubernetesVersion: 'v1.35.4', workersAtOnce: 1 },
};

describe('a restore', () => {
  const restore: OperationPlan = {
    ...{ name: 'ClusterRestore', reason: 'asked for', leave: [] },
    nodes: [
      { hostname: 'm1', path: 'restore-leader' },
      { hostname: 'm2', path: 'restore-control-plane' },
      { hostname: 'm3', path: 'restore-control-plane' },
      { hostname: 'm4', path: 'restore-worker' },
    ],
    clusterSteps: ['check-in', 'blueprint-sync'],
    ...{ kubernetesVersion: 'v1.34.4', asked: { id: 'r1', args: { snapshot: 's1' } } },
  };

  it('touches nothing before all machines answer, and stops all control planes before one gets its data', async () => {
    const world = await run({ operations: [restore] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const first = world.calls.findIndex((call) => call.startsWith('start'));
    expect(first).toBeGreaterThan(at(world, 'preflight'));
    const stopped = ['m1', 'm2', 'm3'].map((name) => at(world, `end ${name} kubernetes-stop`));
    const data = at(world, 'start m1 etcd-restore');
    expect(data).toBeGreaterThan(Math.max(...stopped));
    const order = [
      ...['end m1 etcd-restore', 'start m1 control-plane-restore', 'end m1 node-prune'],
      ...['start m2 control-plane-reset', 'end m3 node-ready', 'start m4 node-rejoin'],
      ...['kubeconfig ClusterRestore', 'start cluster check-in', 'nodes synced'],
    ].map((call) => at(world, call));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('stops nothing for a snapshot that cannot be restored', async () => {
    const world = await run({
      operations: [restore],
      onRestoreCheck: () => {
        throw ApplicationFailure.create({
          ...{ type: 'PreflightFailed', nonRetryable: true, message: 'there is no snapshot s1' },
        });
      },
    });
    expect(world.ended).toMatchObject([
      { outcomes: [{ failed: true, errorSummary: expect.stringContaining('no snapshot s1') }] },
    ]);
    expect(at(world, 'check ClusterRestore')).toBeGreaterThan(at(world, 'preflight'));
    expect(world.calls.filter((call) => call.startsWith('start'))).toEqual([]);
  });

  it('has the other control planes join one at a time', async () => {
    const world = await run({ operations: [restore] });
    const [a, b] = ['m2', 'm3'].map((name) => ({
      start: at(world, `start ${name} kubeadm-join-control-plane`),
      end: at(world, `end ${name} kubeadm-join-control-plane`),
    }));
    expect(a!.end < b!.start || b!.end < a!.start).toBe(true);
  });

  it('does not go on where a control plane cannot be stopped: it would go on with other data', async () => {
    const world = await run({
      operations: [restore],
      onStep: (step) => {
        if (step === 'm2 kubernetes-stop') throw stepFailure('m2', 'kubernetes-stop');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    expect(world.calls).not.toContain('start m1 etcd-restore');
  });

  it('is of use although a worker does not come back', async () => {
    const world = await run({
      operations: [restore],
      onStep: (step) => {
        if (step === 'm4 node-rejoin') throw stepFailure('m4', 'node-rejoin');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    at(world, 'end cluster blueprint-sync');
    at(world, 'nodes failed');
  });
});

describe('a snapshot', () => {
  const snapshot: OperationPlan = {
    ...{ name: 'EtcdSnapshot', reason: 'asked for', nodes: [], leave: [], clusterSteps: [] },
    asked: { id: 's1' },
  };

  it('is taken under the id that was asked for, and what is too old goes after it', async () => {
    const world = await run({ operations: [snapshot] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    expect(at(world, 'prune EtcdSnapshot')).toBeGreaterThan(at(world, 'end snapshot s1'));
  });

  it('that fails prunes nothing and does not keep the rest of the taskset from being done', async () => {
    const world = await run({
      operations: [snapshot, blueprint],
      onStep: (step) => {
        if (step === 'snapshot s1') throw stepFailure('m1', 'snapshot-take');
      },
    });
    expect(world.ended).toMatchObject([{ outcomes: [{ failed: true }, { failed: false }] }]);
    expect(world.calls).not.toContain('prune EtcdSnapshot');
    at(world, 'end cluster namespace-sync');
  });
});

describe('an upgrade', () => {
  it('prepares all nodes at once, and once that is done changes one after another', async () => {
    const preparing = new Set<string>();
    let allPrepare = (): void => undefined;
    const prepared = new Promise<void>((resolve) => (allPrepare = resolve));
    const world = await run({
      operations: [upgrade],
      onStep: async (name) => {
        const [hostname = '', step] = name.split(' ');
        if (step === 'artifacts') preparing.add(hostname);
        if (preparing.size === 4) allPrepare();
        // It waits for the others here, and would wait for ever if they were prepared in their turns.
        if (name === 'm1 images') await prepared;
        // The slowest by far.
        if (name === 'm4 images') await new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const firstChange = at(world, 'start m1 etcd-snapshot');
    const done = (hostname: string): number => at(world, `end ${hostname} uncordon`);
    // Workers in the order in which they are ready for it.
    const [third, fourth] = done('m3') < done('m4') ? ['m3', 'm4'] : ['m4', 'm3'];
    for (const hostname of ['m2', 'm3', 'm4']) {
      expect(at(world, `end ${hostname} images`)).toBeLessThan(firstChange);
      expect(at(world, `start ${hostname} upgrade-drain`)).toBeGreaterThan(firstChange);
    }
    expect(at(world, 'start m2 kubeadm-upgrade')).toBeGreaterThan(done('m1'));
    expect(at(world, `start ${third} upgrade-drain`)).toBeGreaterThan(done('m2'));
    expect(at(world, `start ${fourth} upgrade-drain`)).toBeGreaterThan(done(third));
  });

  it('has its snapshot of etcd before anything of the control plane is changed', async () => {
    const world = await run({
      operations: [upgrade],
      onStep: async (name) => {
        // Anything that does not wait for it overtakes it.
        if (name === 'm1 etcd-snapshot') await new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    const taken = at(world, 'end m1 etcd-snapshot');
    expect(at(world, 'start m1 kubeadm-upgrade')).toBeGreaterThan(taken);
  });

  it('changes nothing where etcd gives no snapshot', async () => {
    const world = await run({
      operations: [upgrade],
      onStep: (name) => {
        if (name === 'm1 etcd-snapshot') throw stepFailure('m1', 'etcd-snapshot');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    const changes = / (kubeadm-upgrade|upgrade-drain|binaries|kubelet-restart)$/;
    expect(world.calls.filter((call) => changes.test(call))).toEqual([]);
  });

  /** Of so many nodes, the first of which are control planes. */
  const upgradeOf = (count: number): OperationPlan => ({
    ...{ ...upgrade, workersAtOnce: 20 },
    nodes: [
      ...upgrade.nodes.slice(0, 2),
      ...Array.from({ length: count - 2 }, (_, index) => ({
        ...{ hostname: `w${String(index + 1)}`, path: 'upgrade-worker' as const },
      })),
    ],
  });
  const MANY = { timeout: 120_000 };

  it('of more nodes than work at once begins when all of them have their files', MANY, async () => {
    const plan = upgradeOf(52);
    const world = await run({ operations: [plan] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const firstTurn = at(world, 'start m1 etcd-snapshot');
    for (const { hostname } of plan.nodes) {
      const steps = world.calls.filter((call) => call.startsWith(`start ${hostname} `));
      expect(new Set(steps).size, hostname).toBe(steps.length);
      expect(at(world, `end ${hostname} artifacts`)).toBeLessThan(firstTurn);
      expect(at(world, `end ${hostname} images`)).toBeLessThan(firstTurn);
      expect(at(world, `end ${hostname} uncordon`)).toBeGreaterThan(firstTurn);
    }
  });

  it.each([5, 52])('of %d nodes leaves out workers without their files', MANY, async (count) => {
    const plan = upgradeOf(count);
    const unprepared = plan.nodes.slice(-2).map(({ hostname }) => hostname);
    const world = await run({
      operations: [plan, blueprint],
      onStep: (name) => {
        const [hostname = '', step = ''] = name.split(' ');
        if (step === 'images' && unprepared.includes(hostname)) throw stepFailure(hostname, step);
      },
    });
    const [outcome, next] = world.ended[0]?.outcomes ?? [];
    expect(outcome).toMatchObject({ failed: true });
    for (const hostname of unprepared) {
      expect(outcome?.errorSummary).toContain(`node ${hostname}, step images`);
      expect(world.calls.filter((call) => call === `start ${hostname} images`)).toHaveLength(1);
      expect(world.calls.filter((call) => call === `fail ${hostname} images`)).toHaveLength(1);
      expect(world.calls).not.toContain(`start ${hostname} upgrade-drain`);
    }
    const upgraded = plan.nodes.filter(({ hostname }) => !unprepared.includes(hostname));
    for (const { hostname } of upgraded) at(world, `end ${hostname} uncordon`);
    // The control planes are new: what needs nothing but those goes on.
    expect(next).toMatchObject({ failed: false });
  });

  it.each([5, 52])(
    'of %d nodes changes none where a control plane has not got its files, and gives them to the others',
    MANY,
    async (count) => {
      const plan = upgradeOf(count);
      const world = await run({
        operations: [plan, blueprint],
        onStep: (name) => {
          if (name === 'm2 images') throw stepFailure('m2', 'images');
        },
      });
      const [outcome, next] = world.ended[0]?.outcomes ?? [];
      const others = plan.nodes.map(({ hostname }) => hostname).filter((name) => name !== 'm2');
      for (const hostname of others) at(world, `end ${hostname} images`);
      expect(outcome?.errorSummary).toContain('node m2, step images');
      const [, blocked] = outcome?.errorSummary.split('not started because of that: ') ?? [];
      expect(blocked?.split(', ').toSorted()).toEqual(others.toSorted());
      expect(world.calls.filter((call) => /etcd-snapshot|drain|kubeadm-up/.test(call))).toEqual([]);
      expect(world.calls.filter((call) => call.startsWith('fail '))).toEqual(['fail m2 images']);
      expect(next).toMatchObject({ errorSummary: 'not started: ClusterUpgrade failed' });
    },
  );

  it('leaves out a worker that could not be prepared', async () => {
    const world = await run({
      operations: [upgrade],
      onStep: (name) => {
        if (name === 'm4 artifacts') throw stepFailure('m4', 'artifacts');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    for (const hostname of ['m1', 'm2', 'm3']) at(world, `end ${hostname} uncordon`);
    expect(world.calls).not.toContain('start m4 upgrade-drain');
  });

  it('takes a cordon back and touches nobody else when a node fails in its turn', async () => {
    const world = await run({
      operations: [upgrade],
      onStep: (name) => {
        const [, worker] = /^(m[34]) kubelet-restart$/.exec(name) ?? [];
        if (worker !== undefined) throw stepFailure(worker, 'kubelet-restart');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    // Workers have their turns in the order in which they come.
    const first = world.calls.includes('start m3 upgrade-drain') ? 'm3' : 'm4';
    const other = first === 'm3' ? 'm4' : 'm3';
    const restart = at(world, `start ${first} kubelet-restart`);
    expect(at(world, `end ${first} uncordon`)).toBeGreaterThan(restart);
    expect(world.calls).not.toContain(`start ${other} upgrade-drain`);
    expect(world.calls).not.toContain(`start ${other} uncordon`);
    const { errorSummary } = world.ended[0]?.outcomes[0] ?? {};
    expect(errorSummary).toContain(`not started because of that: ${other}`);
  });

  it('goes no minor further, and nothing joins with it, while a worker has stayed behind; what is live goes on', async () => {
    const none: OperationPlan = { ...creation, name: 'NodeAddition', nodes: [] };
    const world = await run({
      operations: [upgrade, { ...upgrade, reason: 'Kubernetes v1.35.4 becomes v1.36.1' }, none],
      onStep: (name) => {
        if (name === 'm4 artifacts') throw stepFailure('m4', 'artifacts');
      },
    });
    const [first, ...later] = world.ended[0]?.outcomes ?? [];
    expect(first?.errorSummary).toContain('m4');
    expect(later).toMatchObject([
      { failed: true, errorSummary: 'not started: ClusterUpgrade failed' },
      { failed: true, errorSummary: 'not started: ClusterUpgrade failed' },
    ]);
    expect(world.calls.filter((call) => call === 'start m1 kubeadm-upgrade')).toHaveLength(1);
  });

  const addition: OperationPlan = {
    ...{ name: 'NodeAddition', reason: 'not joined yet: m5' },
    nodes: [{ hostname: 'm5', path: 'added-worker' }],
    ...{ leave: [], clusterSteps: ['check-in'] },
  };

  it('that leaves a control plane behind has nothing join at the new version', async () => {
    const world = await run({
      operations: [upgrade, addition],
      onStep: (name) => {
        if (name === 'm2 kubeadm-upgrade') throw stepFailure('m2', 'kubeadm-upgrade');
      },
    });
    at(world, 'end m1 uncordon');
    const [own, next] = world.ended[0]?.outcomes ?? [];
    expect(own?.errorSummary).toContain('m2');
    expect(next).toMatchObject({
      failed: true,
      errorSummary: 'not started: ClusterUpgrade failed',
    });
    expect(world.calls.filter((call) => call.includes('m5'))).toEqual([]);
  });

  it('that leaves a worker alone behind has others join', async () => {
    const world = await run({
      operations: [upgrade, addition],
      onStep: (name) => {
        if (name === 'm4 artifacts') throw stepFailure('m4', 'artifacts');
      },
    });
    expect(world.ended[0]?.outcomes).toMatchObject([{ failed: true }, { failed: false }]);
    at(world, 'end m5 kubeadm-join');
  });

  const calico: OperationPlan = {
    ...{ name: 'ClusterUpgrade', reason: 'Calico 3.28.5 becomes 3.31.2', leave: [] },
    nodes: ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'network-images' as const })),
    clusterSteps: ['cni', 'cni-rollout'],
  };

  it('of the network has its images on every node before anything of it is applied', async () => {
    const world = await run({ operations: [calico, blueprint] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const images = ['m1', 'm2', 'm3'].map((name) => at(world, `end ${name} images`));
    expect(at(world, 'start cluster cni')).toBeGreaterThan(Math.max(...images));
    expect(at(world, 'start cluster cni-rollout')).toBeGreaterThan(at(world, 'end cluster cni'));
  });

  it('of the network changes nothing, and nothing goes on, where a node has not got its images', async () => {
    const world = await run({
      operations: [calico, blueprint],
      onStep: (name) => {
        if (name === 'm2 images') throw stepFailure('m2', 'images');
      },
    });
    expect(world.ended[0]?.outcomes).toMatchObject([
      { failed: true, errorSummary: expect.stringContaining('m2') },
      { failed: true, errorSummary: 'not started: ClusterUpgrade failed' },
    ]);
    expect(world.calls.filter((call) => call.startsWith('start cluster'))).toEqual([]);
  });

  it('of the last minor that left a worker behind keeps nothing else from being done', async () => {
    const world = await run({
      operations: [upgrade, blueprint],
      onStep: (name) => {
        if (name === 'm4 artifacts') throw stepFailure('m4', 'artifacts');
      },
    });
    expect(world.ended[0]?.outcomes).toMatchObject([{ failed: true }, { failed: false }]);
  });
});

describe('a creation', () => {
  it('gathers all facts and runs one preflight before it changes anything', async () => {
    const world = await run({ operations: [creation, blueprint] });
    const preflight = at(world, 'preflight');
    for (const hostname of ['m1', 'm2', 'm3', 'm4']) {
      expect(at(world, `facts ${hostname}`)).toBeLessThan(preflight);
      expect(at(world, `start ${hostname} claim`)).toBeGreaterThan(preflight);
    }
    expect(world.ended).toMatchObject([{ failed: false }]);
  });

  it('lets no node join before the first control plane is initialised', async () => {
    const world = await run({ operations: [creation] });
    const initialised = at(world, 'end m1 kubeadm-init');
    expect(at(world, 'start m4 kubeadm-join')).toBeGreaterThan(initialised);
    expect(at(world, 'start m2 kubeadm-join-control-plane')).toBeGreaterThan(initialised);
    expect(at(world, 'control plane up ClusterCreation')).toBeGreaterThan(initialised);
  });

  it('joins control planes one at a time', async () => {
    const world = await run({ operations: [creation] });
    const joins = world.calls.filter((call) => call.includes('kubeadm-join-control-plane'));
    expect(joins).toHaveLength(4);
    expect(joins[0]?.replace('start', 'end')).toBe(joins[1]);
    expect(joins[2]?.replace('start', 'end')).toBe(joins[3]);
  });

  it('lets the next control plane join when the one before it failed', async () => {
    const world = await run({
      operations: [creation],
      onStep: (name) => {
        if (name === 'm2 kubeadm-join-control-plane') throw stepFailure('m2', 'kubeadm-join');
      },
    });
    at(world, 'end m3 kubeadm-join-control-plane');
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toMatch(/^node m2, step kubeadm-join/);
  });

  it('goes on with the other nodes and the blueprint when a worker fails, and ends failed', async () => {
    const world = await run({
      operations: [creation, blueprint],
      onStep: (name) => {
        if (name === 'm4 kubeadm-join') throw stepFailure('m4', 'kubeadm-join');
      },
    });
    at(world, 'end m3 node-ready');
    at(world, 'end cluster namespace-sync');
    at(world, 'nodes failed');
    expect(world.ended[0]?.failed).toBe(true);
    expect(world.ended[0]?.outcomes.map((outcome) => outcome.failed)).toEqual([true, false]);
    const summary = world.ended[0]?.outcomes[0]?.errorSummary;
    expect(summary).toContain('command: kubeadm-join --now; exit code 7; what to do: mend it');
  });

  it('starts neither joins nor the blueprint when the first control plane does not come up', async () => {
    const world = await run({
      operations: [creation, blueprint],
      onStep: (name) => {
        if (name === 'm1 kubeadm-init') throw stepFailure('m1', 'kubeadm-init');
      },
    });
    expect(world.calls.filter((call) => call.includes('kubeadm-join'))).toEqual([]);
    expect(world.calls.filter((call) => call.includes('namespace-sync'))).toEqual([]);
    const [first, second] = world.ended[0]?.outcomes ?? [];
    expect(first?.errorSummary).toContain('not started because of that: m2, m3, m4');
    expect(second?.errorSummary).toBe('not started: ClusterCreation failed');
  });

  it('changes nothing anywhere when preflight fails, and reports machines that did not answer', async () => {
    const seen: string[][] = [];
    const world = await run({
      operations: [creation],
      onFacts: (hostname) => {
        if (hostname === 'm3') {
          throw ApplicationFailure.create({ type: 'MachineUnreachable', message: 'no answer' });
        }
      },
      onPreflight: (unreachable) => {
        seen.push(unreachable);
        throw ApplicationFailure.create({
          type: 'PreflightFailed',
          nonRetryable: true,
          message: 'preflight found 1 problem',
        });
      },
    });
    expect(seen).toEqual([['m3']]);
    expect(world.calls.filter((call) => call.startsWith('start'))).toEqual([]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toContain('preflight found 1 problem');
  });

  it('tries a lost connection again instead of failing the node', async () => {
    const world = await run({
      operations: [creation],
      onStep: (name, attempt) => {
        if (name === 'm4 kubeadm-join' && attempt < 3) {
          throw ApplicationFailure.create({ type: 'ConnectionLost', message: 'reset by peer' });
        }
      },
    });
    expect(world.ended).toMatchObject([{ failed: false }]);
  });

  it('sends images while the operating system is being prepared', async () => {
    let release: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      release = resolve;
    });
    const world = await run({
      operations: [{ ...creation, nodes: [{ hostname: 'm1', path: 'leader' }] }],
      onStep: async (name) => {
        if (name === 'm1 container-runtime') release();
        if (name === 'm1 artifacts') await started;
      },
    });
    expect(at(world, 'start m1 container-runtime')).toBeLessThan(at(world, 'end m1 artifacts'));
    expect(at(world, 'start m1 images')).toBeGreaterThan(at(world, 'end m1 artifacts'));
  });
});

describe('the request that a workflow goes back to', () => {
  it.each<[string, FakeOptions['by'], string]>([
    ['the newest one known when the taskset began', undefined, 'req-7'],
    ['that of what is done, where the store knows', { requestId: 'req-8' }, 'req-8'],
    ['none where it was the clock', {}, 'none'],
  ])('is in the memo of every operation: %s', async (_, by, memo) => {
    const handles: WorkflowHandle[] = [];
    await run(
      { operations: [creation, blueprint], ...(by === undefined ? {} : { by }) },
      async (handle) => {
        handles.push(handle);
        return Promise.resolve();
      },
      { start: 'req-1', signal: 'req-7' },
    );
    const { events } = (await handles[0]?.fetchHistory()) ?? {};
    const memos = (events ?? []).flatMap((event) => {
      const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
      const data = child?.memo?.fields?.[REQUEST_ID_MEMO]?.data;
      return child ? [data ? (JSON.parse(Buffer.from(data).toString()) as string) : 'none'] : [];
    });
    expect(memos).toEqual([memo, memo]);
  });
});

describe('a removal', () => {
  const turn: OperationPlan = {
    ...{ name: 'NodeUpdate', reason: 'the control planes changed', leave: [], clusterSteps: [] },
    nodes: [{ hostname: 'm2', path: 'endpoint' }],
    leaveNext: ['m1', 'm3'],
  };
  const removal: OperationPlan = {
    ...{ name: 'NodeRemoval', reason: 'not in the spec any more: m1, m3', clusterSteps: [] },
    nodes: [
      { hostname: 'm1', path: 'clean' },
      { hostname: 'm3', path: 'clean' },
    ],
    leave: ['m1', 'm3'],
  };
  const changes = (world: FakeWorld): string[] =>
    world.calls.filter((call) => call.startsWith('start ') && !call.includes('etcd-member-check'));

  it('lets nodes leave one after another, in the order that etcd allows, and cleans when all are out', async () => {
    const world = await run({ operations: [turn, removal], order: ['m3', 'm1'] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    expect(changes(world).slice(0, 7)).toEqual([
      'start m2 api-endpoint',
      'start m3 drain',
      'start m3 etcd-member-remove',
      'start m3 node-delete',
      'start m1 drain',
      'start m1 etcd-member-remove',
      'start m1 node-delete',
    ]);
    for (const hostname of ['m1', 'm3']) {
      expect(at(world, `start ${hostname} reset`)).toBeGreaterThan(at(world, 'end m1 node-delete'));
    }
    // People get the kubeconfig of one that stays before any leaves.
    expect(at(world, 'kubeconfig NodeUpdate')).toBeLessThan(at(world, 'start m3 drain'));
  });

  it.each(['fails', 'is cancelled'])(
    'lets a node take pods again whose drain %s, and keeps it',
    async (how) => {
      const { live, onStep } = longStep('m1 drain');
      const world = await run(
        {
          operations: [{ ...removal, plainWorkers: ['m1', 'm3'] }],
          onStep: (name) => {
            if (how !== 'fails') return onStep(name);
            if (name === 'm1 drain') throw stepFailure('m2', 'drain');
          },
        },
        async (handle) => {
          if (how === 'fails') return;
          await live;
          await handle.signal(CANCEL_SIGNAL);
        },
      );
      expect(changes(world)).toEqual(['start m1 drain', 'start m1 uncordon']);
      const [outcome] = world.ended[0]?.outcomes ?? [];
      expect(outcome?.errorSummary).toContain(
        how === 'fails'
          ? 'step drain'
          : 'cancelled by request: node m1, step drain: stopped by request',
      );
    },
  );

  it('changes nothing where etcd would lose its quorum', async () => {
    const world = await run({
      operations: [turn, removal],
      onStep: (name) => {
        if (name === 'cluster etcd-member-check') throw stepFailure('m2', 'etcd-member-check');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    expect(changes(world)).toEqual([]);
    expect(world.calls).not.toContain('kubeconfig NodeUpdate');
    expect(world.ended[0]?.outcomes[1]?.errorSummary).toBe('not started: NodeUpdate failed');
  });

  it.each([
    ['stay while one that takes their place has not joined', 'control-plane', removal],
    ['stay at their version while one has not joined', 'control-plane', upgrade],
    ['do not stay for a worker that has not joined', 'added-worker', removal],
  ] as const)('control planes %s', async (_, path, next) => {
    const addition: OperationPlan = {
      ...{ ...creation, name: 'NodeAddition' },
      nodes: [
        { hostname: 'm5', path },
        { hostname: 'm6', path },
      ],
    };
    const world = await run({
      operations: [addition, next],
      onStep: (name) => {
        if (name === 'm6 packages') throw stepFailure('m6', 'packages');
      },
    });
    const [first, second] = world.ended[0]?.outcomes ?? [];
    expect(first?.errorSummary).toContain('m6');
    if (path === 'added-worker') expect(second).toMatchObject({ failed: false });
    else expect(second?.errorSummary).toBe('not started: NodeAddition failed');
  });

  it('does not trouble etcd for plain workers', async () => {
    const workers = await run({ operations: [{ ...removal, plainWorkers: ['m1', 'm3'] }] });
    expect(workers.ended).toMatchObject([{ failed: false }]);
    expect(workers.calls.filter((call) => call.includes('etcd'))).toEqual([]);
    expect(changes(workers).slice(0, 4)).toEqual([
      ...['start m1 drain', 'start m1 node-delete', 'start m3 drain', 'start m3 node-delete'],
    ]);
    // With a control plane among them it is asked about all, and has one member less.
    const mixed = await run({ operations: [{ ...removal, plainWorkers: ['m3'] }] });
    expect(mixed.calls.filter((call) => /^start .*etcd/.test(call))).toEqual([
      'start cluster etcd-member-check',
      'start m1 etcd-member-remove',
    ]);
  });

  it('asks before each member again, and resets no machine while a member is still in', async () => {
    const world = await run({
      operations: [removal],
      onStep: (name) => {
        if (name === 'm3 etcd-member-remove') throw stepFailure('m2', 'etcd-member-remove');
      },
    });
    expect(world.calls).toContain('end m1 etcd-member-remove');
    expect(world.calls.filter((call) => call.includes('reset'))).toEqual([]);
    expect(world.ended[0]?.failed).toBe(true);
  });
});

describe('kubelet settings', () => {
  const update: OperationPlan = {
    ...{ name: 'NodeUpdate', reason: 'kubelet settings changed', leave: [], clusterSteps: [] },
    nodes: ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'kubelet' })),
    firstSteps: ['kubelet-config-upload'],
  };

  it('are uploaded first, and come to one node after another, each Ready before the next', async () => {
    const world = await run({ operations: [update] });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const steps = world.calls.filter((call) => /^(start|end) /.test(call));
    expect(steps.slice(0, 2)).toEqual([
      'start cluster kubelet-config-upload',
      'end cluster kubelet-config-upload',
    ]);
    const rest = steps.slice(2);
    expect(rest).toHaveLength(12);
    for (let turn = 0; turn < 3; turn += 1) {
      const own = rest.slice(turn * 4, turn * 4 + 4);
      const name = own[0]?.split(' ')[1] ?? '';
      expect(own).toEqual([
        ...[`start ${name} kubelet-config`, `end ${name} kubelet-config`],
        ...[`start ${name} node-ready`, `end ${name} node-ready`],
      ]);
    }
  });

  it('come to a node that stands at its gate before its operation knows that it has started', async () => {
    const world = await tests.run({ operations: [update] }, { inTurn: true });
    expect(world.ended).toMatchObject([{ failed: false }]);
  });

  it('come to no further node once one has failed with them', async () => {
    const failed: string[] = [];
    const world = await run({
      operations: [update, blueprint],
      onStep: (name) => {
        const [hostname = '', step] = name.split(' ');
        if (step !== 'kubelet-config') return;
        failed.push(hostname);
        throw stepFailure(hostname, 'kubelet-config');
      },
    });
    expect(failed).toHaveLength(1);
    const summary = world.ended[0]?.outcomes[0]?.errorSummary;
    expect(summary).toMatch(new RegExp(`^node ${failed[0] ?? ''}, step `));
    expect(summary).toContain('not started because of that: ');
    // The rest of the taskset does not need them.
    at(world, 'end cluster namespace-sync');
  });
});

describe('with force', () => {
  const removal: OperationPlan = {
    ...{ name: 'NodeRemoval', reason: 'not in the spec any more: m1, m3', clusterSteps: [] },
    nodes: [
      { hostname: 'm1', path: 'clean' },
      { hostname: 'm3', path: 'clean' },
    ],
    leave: ['m1', 'm3'],
    force: true,
  };
  const unreachable = (hostname: string, type = 'MachineUnreachable'): ApplicationFailure =>
    ApplicationFailure.create({
      ...{ type, nonRetryable: true, message: `${hostname} cannot be reached: no route` },
      details: [{ node: hostname, step: 'connect' }],
    });
  const noM3 = (hostname: string): void => {
    if (hostname === 'm3') throw unreachable('m3');
  };

  it('a machine that is away is not drained, but taken out of etcd and of the cluster, and orphaned', async () => {
    const world = await run({ operations: [removal], onFacts: noM3 });
    expect(world.ended).toMatchObject([{ failed: false }]);
    const ofM3 = world.calls.filter((call) => /(start|orphan|forget) m3/.test(call));
    expect(ofM3).toEqual(['start m3 etcd-member-remove', 'start m3 node-delete', 'orphan m3']);
    // The other one is removed like any other.
    for (const call of ['start m1 drain', 'end m1 release', 'forget m1']) at(world, call);
    // The quorum is asked about both, before anything is done.
    expect(at(world, 'end cluster etcd-member-check')).toBeLessThan(at(world, 'start m1 drain'));
  });

  it('the quorum of etcd is not given up', async () => {
    const world = await run({
      operations: [removal],
      onFacts: noM3,
      onStep: (name) => {
        if (name === 'cluster etcd-member-check') throw stepFailure('m2', 'etcd-member-check');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    expect(world.calls.filter((call) => /^(start m|orphan)/.test(call))).toEqual([]);
  });

  it('a machine that is lost only while it is cleaned is orphaned as well', async () => {
    const world = await run({
      operations: [removal],
      onStep: (name) => {
        if (name === 'm3 reset') throw unreachable('m3');
      },
    });
    expect(world.ended).toMatchObject([{ failed: false }]);
    at(world, 'orphan m3');
    expect(world.calls).not.toContain('forget m3');
  });

  it('a machine that answers and cannot be cleaned is not given up', async () => {
    const world = await run({
      operations: [removal],
      onStep: (name) => {
        if (name === 'm3 reset') throw stepFailure('m3', 'reset');
      },
    });
    expect(world.ended).toMatchObject([{ failed: true }]);
    expect(world.calls).not.toContain('orphan m3');
  });

  it('a deletion ends without the machines that are away', async () => {
    const deletion: OperationPlan = {
      ...{ name: 'ClusterDeletion', reason: 'to be deleted', leave: [], clusterSteps: [] },
      nodes: [
        { hostname: 'm3', path: 'clean', wave: 1 },
        { hostname: 'm1', path: 'clean', wave: 2 },
      ],
      force: true,
    };
    const world = await run({ deleting: true, operations: [deletion], onFacts: noM3 });
    expect(world.ended).toMatchObject([{ failed: false }]);
    expect(at(world, 'orphan m3')).toBeLessThan(at(world, 'remove cluster'));
    at(world, 'end m1 release');
    expect(world.calls).not.toContain('start m3 reset');
  });

  it('is what a removal without it names where a machine is away, and nobody asks beforehand', async () => {
    const { force: _force, ...plain } = removal;
    const world = await run({
      operations: [plain],
      onStep: (name) => {
        if (name === 'm3 reset') throw unreachable('m3');
      },
    });
    const summary = world.ended[0]?.outcomes[0]?.errorSummary;
    expect(summary).toContain('m3 cannot be reached');
    expect(summary).toContain('send the same again with force=true');
    expect(world.calls.filter((call) => /^(facts|orphan)/.test(call))).toEqual([]);
  });
});

describe('a deletion', () => {
  it('cleans workers before control planes, forgets them and removes the cluster', async () => {
    const world = await run({
      deleting: true,
      operations: [
        {
          name: 'ClusterDeletion',
          reason: 'to be deleted',
          nodes: [
            { hostname: 'm2', path: 'clean', wave: 1 },
            { hostname: 'm1', path: 'clean', wave: 2 },
          ],
          leave: [],
          clusterSteps: [],
        },
      ],
    });
    expect(at(world, 'start m1 reset')).toBeGreaterThan(at(world, 'end m2 release'));
    // Everything goes: nobody is asked whether etcd could do with less.
    expect(world.calls.filter((call) => call.includes('etcd'))).toEqual([]);
    expect(at(world, 'forget m2')).toBeGreaterThan(at(world, 'end m2 release'));
    expect(at(world, 'remove cluster')).toBeGreaterThan(at(world, 'forget m1'));
  });

  it('keeps the cluster when a machine could not be cleaned', async () => {
    const world = await run({
      deleting: true,
      operations: [
        {
          name: 'ClusterDeletion',
          reason: 'to be deleted',
          nodes: [{ hostname: 'm1', path: 'clean' }],
          leave: [],
          clusterSteps: [],
        },
      ],
      onStep: () => {
        throw stepFailure('m1', 'reset');
      },
    });
    expect(world.calls).not.toContain('remove cluster');
    expect(world.calls).not.toContain('forget m1');
    expect(world.ended[0]?.failed).toBe(true);
  });
});

describe('a creation that is stopped', () => {
  const one: OperationPlan = { ...creation, nodes: [{ hostname: 'm1', path: 'leader' }] };
  const deletion: OperationPlan = {
    name: 'ClusterDeletion',
    reason: 'to be deleted',
    nodes: [{ hostname: 'm1', path: 'clean' }],
    leave: [],
    clusterSteps: [],
  };

  it('by request says so, and starts nothing more', async () => {
    const { live, onStep } = longStep('m1 kubeadm-init');
    const world = await run({ operations: [one, blueprint], onStep }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    expect(world.calls).not.toContain('start m1 cni');
    expect(world.ended[0]?.outcomes.map(({ failed }) => failed)).toEqual([true, true]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toMatch(
      /cancelled by request: node m1, step kubeadm-init.*stopped by request/,
    );
  });

  it('takes back what it had half done on the node', async () => {
    const { live, onStep } = longStep('m1 kubeadm-init');
    const world = await run({ operations: [one], onStep }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    at(world, 'end m1 kubeadm-undo');
  });

  const fourth: OperationPlan = {
    ...{ ...creation, name: 'NodeAddition' as const },
    nodes: [{ hostname: 'm4', path: 'worker' }],
  };

  it('takes a worker out of the cluster that it was about to join', async () => {
    const { live, onStep } = longStep('m4 kubeadm-join');
    const world = await run({ operations: [fourth], onStep }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    expect(at(world, 'end m4 node-delete')).toBeGreaterThan(at(world, 'end m4 kubeadm-undo'));
  });

  it('keeps a worker whose join had ended when the cancel came', async () => {
    const { live, onStep } = longStep('m4 kubeadm-join');
    const options = { operations: [fourth], onStep, skips: ['m4 kubeadm-undo'] };
    const world = await run(options, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    at(world, 'end m4 kubeadm-undo');
    expect(world.calls).not.toContain('start m4 node-delete');
  });

  it('goes no further than the end of the join of a control plane, and takes nothing of it back', async () => {
    const growth: OperationPlan = {
      ...{ ...creation, name: 'NodeAddition' as const },
      nodes: [
        { hostname: 'm2', path: 'control-plane' },
        { hostname: 'm3', path: 'control-plane' },
      ],
    };
    const join = 'kubeadm-join-control-plane';
    const { live, onStep } = longStep(join);
    // Its script is let finish.
    const finishes = (name: string) => onStep(name.split(' ')[1] ?? '').catch(() => undefined);
    const world = await run({ operations: [growth], onStep: finishes }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    const from = world.calls.findIndex((call) => call.endsWith(join));
    const node = world.calls[from]?.split(' ')[1] ?? '';
    const steps = world.calls.slice(from).filter((call) => /^(start|end) /.test(call));
    expect(steps).toEqual([`start ${node} ${join}`, `end ${node} ${join}`]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toMatch(
      new RegExp(`^cancelled by request: .*node ${node}, step ${join}: stopped by request`),
    );
  });

  // Of a worker: the first control plane's kubeconfig is fetched meanwhile, and this server, which skips time, forgets the
  // workflow's task where the cancel finds it so.
  it('keeps a node that has joined', async () => {
    const { live, onStep } = longStep('m4 node-ready');
    const world = await run({ operations: [fourth], onStep }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    at(world, 'end m4 kubeadm-join');
    expect(world.ended[0]?.failed).toBe(true);
    for (const undo of ['kubeadm-undo', 'node-delete']) {
      expect(world.calls).not.toContain(`start m4 ${undo}`);
    }
  });

  it('says where it stopped when that was a step of the cluster', async () => {
    const { live, onStep } = longStep('cluster namespace-sync');
    const world = await run({ operations: [blueprint], onStep }, async (handle) => {
      await live;
      await handle.signal(CANCEL_SIGNAL);
    });
    expect(world.ended[0]?.outcomes).toEqual([
      {
        ...{ index: 0, failed: true, cancelled: true, goOn: false },
        errorSummary: 'cancelled by request: step namespace-sync: stopped by request',
      },
    ]);
    expect(world.calls).not.toContain('start cluster blueprint-sync');
  });

  it('by the deletion of its cluster makes way for it at once', async () => {
    let deleted = false;
    const { live, onStep } = longStep('m1 kubeadm-init');
    const world = await run(
      { operations: [one, blueprint], deletion, isDeleting: () => deleted, onStep },
      async (handle) => {
        await live;
        deleted = true;
        await handle.signal(CHANGED_SIGNAL);
      },
    );
    expect(world.calls).not.toContain('start m1 cni');
    expect(world.ended.map(({ failed }) => failed)).toEqual([true, false]);
    expect(at(world, 'remove cluster')).toBeGreaterThan(at(world, 'end m1 release'));
  });

  it('goes on when the change was another apply', async () => {
    const { live, onStep } = longStep('m1 kubeadm-init');
    const world = await run({ operations: [one], onStep }, async (handle) => {
      await live;
      await handle.signal(CHANGED_SIGNAL);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await handle.describe()).status.name).toBe('RUNNING');
      await handle.signal(CANCEL_SIGNAL);
    });
    expect(world.ended).toHaveLength(1);
  });
});

describe('a cluster whose machines have yet to register', () => {
  const one: OperationPlan = { ...creation, nodes: [{ hostname: 'm1', path: 'leader' }] };

  /** What the store says of it, and that the workflow has seen it. */
  function waiting(first: string) {
    const seen = new Set<string>();
    const state = {
      is: first as string | undefined,
      now: (): string | undefined => {
        if (state.is !== undefined) seen.add(state.is);
        return state.is;
      },
      until: (text: string) =>
        expect.poll(() => seen.has(text), { timeout: 10_000, interval: 20 }).toBe(true),
    };
    return state;
  }

  it('waits, touches nothing, and goes on when they are registered and approved', async () => {
    const waits = waiting('m1 to register');
    const world = await run({ operations: [one], waitingFor: waits.now }, async (handle) => {
      await waits.until('m1 to register');
      waits.is = 'm1 to be approved';
      await handle.signal(CHANGED_SIGNAL);
      await waits.until('m1 to be approved');
      expect((await handle.describe()).status.name).toBe('RUNNING');
      waits.is = undefined;
      await handle.signal(CHANGED_SIGNAL);
    });
    const last = world.calls.findLastIndex((call) => call.startsWith('waiting'));
    expect(at(world, 'facts m1')).toBeGreaterThan(last);
    expect(world.ended).toMatchObject([{ failed: false }]);
  });

  it('looks again by itself: a signal that was lost costs minutes, not the cluster', async () => {
    const waits = waiting('m1 to register');
    const world = await run({ operations: [one], waitingFor: waits.now }, async () => {
      await waits.until('m1 to register');
      waits.is = undefined;
    });
    expect(world.ended).toMatchObject([{ failed: false }]);
  });

  it('makes way for the deletion of the cluster without touching a machine', async () => {
    let deleted = false;
    const waits = waiting('m1 to register');
    const deletion: OperationPlan = {
      ...{ name: 'ClusterDeletion', reason: 'to be deleted' },
      ...{ nodes: [], leave: [], clusterSteps: [] },
    };
    const world = await run(
      { operations: [one], deletion, isDeleting: () => deleted, waitingFor: waits.now },
      async (handle) => {
        await waits.until('m1 to register');
        deleted = true;
        await handle.signal(CHANGED_SIGNAL);
      },
    );
    at(world, 'remove cluster');
    expect(world.calls.filter((call) => /^(facts|start)/.test(call))).toEqual([]);
  });
});
