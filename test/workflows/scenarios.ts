import { Context } from '@temporalio/activity';

import { CANCEL_SIGNAL } from '../../core/clusterWorkflow.js';
import type { OperationPlan } from '../../core/plan.js';
import type { WorkflowRun } from './environment.js';
import { stepFailure, type FakeOptions } from './fakeActivities.js';

/** A life whose histories are kept and replayed: what may be under way while a newer worker takes over. */
export interface Scenario {
  /** Folder below test/histories. */
  name: string;
  options: FakeOptions;
  run?: WorkflowRun;
}

const plain = { leave: [], clusterSteps: [] };

const creation: OperationPlan = {
  ...{ name: 'ClusterCreation', reason: 'the cluster does not exist yet', ...plain },
  nodes: [
    { hostname: 'm1', path: 'leader' },
    { hostname: 'm2', path: 'control-plane' },
    { hostname: 'm3', path: 'worker' },
  ],
  clusterSteps: ['check-in', 'node-metadata'],
};
const blueprint: OperationPlan = {
  ...{ name: 'BlueprintSync', reason: 'first sync', nodes: [], ...plain },
  clusterSteps: ['namespace-sync', 'blueprint-sync', 'blueprint-health'],
};

/** One for each operation, and the ways in which they end otherwise than well. */
export function scenarios(): Scenario[] {
  return [
    {
      name: 'creation',
      options: { operations: [creation, blueprint] },
      run: { requestIds: { start: 'req-1', signal: 'req-2' } },
    },
    { name: 'creation-failed', options: { operations: [creation, blueprint], onStep: failing } },
    cancelled(),
    {
      name: 'day-two',
      options: {
        operations: [
          {
            ...{ name: 'NodeRemoval', reason: 'not in the spec any more: m4', ...plain },
            nodes: [{ hostname: 'm4', path: 'clean' }],
            leave: ['m4'],
          },
          {
            ...{ name: 'NodeAddition', reason: 'not joined yet: m5', ...plain },
            nodes: [{ hostname: 'm5', path: 'worker' }],
            clusterSteps: ['check-in', 'node-metadata'],
          },
          {
            ...{ name: 'NodeUpdate', reason: 'the control planes changed', ...plain },
            nodes: [{ hostname: 'm3', path: 'endpoint' }],
            clusterSteps: ['node-metadata'],
          },
        ],
      },
    },
    {
      // Of day two by itself: the API server is up, so its gate stands open when the node starts.
      name: 'addition',
      options: {
        operations: [
          {
            ...{ name: 'NodeAddition', reason: 'not joined yet: m5', ...plain },
            nodes: [{ hostname: 'm5', path: 'worker' }],
            clusterSteps: ['check-in', 'node-metadata'],
          },
        ],
      },
    },
    {
      name: 'upgrade',
      options: {
        operations: [
          {
            ...{ name: 'ClusterUpgrade', reason: 'Kubernetes v1.34.4 becomes v1.35.4', ...plain },
            nodes: [
              { hostname: 'm1', path: 'upgrade-first' },
              { hostname: 'm2', path: 'upgrade-control-plane' },
              { hostname: 'm3', path: 'upgrade-worker' },
            ],
            ...{ kubernetesVersion: 'v1.35.4', workersAtOnce: 1 },
          },
        ],
      },
    },
    rollout(),
    {
      name: 'snapshot-and-restore',
      options: {
        operations: [
          {
            ...{ name: 'EtcdSnapshot', reason: 'asked for', nodes: [], ...plain },
            ...{ kubernetesVersion: 'v1.34.4', asked: { id: 's1' } },
          },
          {
            ...{ name: 'ClusterRestore', reason: 'asked for', ...plain },
            nodes: [
              { hostname: 'm1', path: 'restore-leader' },
              { hostname: 'm2', path: 'restore-control-plane' },
              { hostname: 'm3', path: 'restore-worker' },
            ],
            clusterSteps: ['check-in', 'blueprint-sync'],
            ...{ kubernetesVersion: 'v1.34.4', asked: { id: 'r1', args: { snapshot: 's1' } } },
          },
        ],
      },
    },
    {
      name: 'deletion',
      options: {
        deleting: true,
        operations: [
          {
            ...{ name: 'ClusterDeletion', reason: 'the cluster is to be deleted', ...plain },
            nodes: [
              { hostname: 'm2', path: 'clean', wave: 1 },
              { hostname: 'm1', path: 'clean', wave: 2 },
            ],
          },
        ],
      },
    },
  ];
}

function failing(step: string): void {
  if (step === 'm3 kubeadm-join') throw stepFailure('m3', 'kubeadm-join');
}

function cancelled(): Scenario {
  let begun: () => void = () => undefined;
  const live = new Promise<void>((resolve) => {
    begun = resolve;
  });
  return {
    name: 'creation-cancelled',
    options: {
      operations: [{ ...creation, nodes: [{ hostname: 'm1', path: 'leader' }] }],
      onStep: async (step) => {
        if (step !== 'm1 kubeadm-init') return;
        const context = Context.current();
        const beating = setInterval(() => context.heartbeat(), 50);
        begun();
        await context.cancelled.finally(() => clearInterval(beating));
      },
    },
    run: {
      during: async (handle) => {
        await live;
        await handle.signal(CANCEL_SIGNAL);
      },
    },
  };
}

/** Of a blueprint's new version, to two clusters: one after the other. */
function rollout(): Scenario {
  const turns = [{ asked: ['a'] }, {}, { asked: ['b'] }, { ended: true }];
  return {
    name: 'rollout',
    options: {
      operations: [],
      rollout: {
        begin: () => ({ version: 'v2' }),
        advance: () => ({ version: 'v2', asked: [], ended: false, ...turns.shift() }),
      },
    },
    run: { rollout: true },
  };
}
