import { ApplicationFailure } from '@temporalio/common';

import { CANCEL_SIGNAL } from '../../core/clusterWorkflow.js';
import type { OperationPlan } from '../../core/plan.js';
import type { UpkeepPage, UpkeepTurn } from '../../core/upkeep.js';
import type { WorkflowRun } from './environment.js';
import { stepFailure, type FakeOptions } from './fakeActivities.js';
import { longStep } from './longStep.js';

/** A life whose histories are kept and replayed: what may be under way while a newer worker takes over. */
export interface Scenario {
  /** Folder below test/histories. */
  name: string;
  options: FakeOptions;
  run?: WorkflowRun;
  /** Nodes whose histories are kept, where they are many and alike; absent: all. */
  nodes?: readonly string[];
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
    cancelled(
      'creation-cancelled',
      { ...creation, nodes: [{ hostname: 'm1', path: 'leader' }] },
      'm1 kubeadm-init',
    ),
    // In a step that is let finish: of the next nothing is taken back.
    cancelled(
      'upgrade-cancelled',
      {
        ...{ name: 'ClusterUpgrade', reason: 'Kubernetes v1.34.4 becomes v1.35.4', ...plain },
        nodes: [{ hostname: 'm1', path: 'upgrade-first' }],
        kubernetesVersion: 'v1.35.4',
      },
      'm1 kubeadm-upgrade',
      { finishes: true },
    ),
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
      name: 'removal-forced',
      options: {
        operations: [
          {
            ...{ name: 'NodeRemoval', reason: 'not in the spec any more: m3, m4', ...plain },
            nodes: [
              { hostname: 'm3', path: 'clean' },
              { hostname: 'm4', path: 'clean' },
            ],
            ...{ leave: ['m3', 'm4'], force: true },
          },
        ],
        onFacts: (hostname) => {
          if (hostname === 'm4') throw unreachable(hostname);
        },
      },
    },
    {
      // Of a worker: etcd is not asked.
      name: 'removal-worker',
      options: {
        operations: [
          {
            ...{ name: 'NodeRemoval', reason: 'not in the spec any more: m3', ...plain },
            nodes: [{ hostname: 'm3', path: 'clean' }],
            ...{ leave: ['m3'], plainWorkers: ['m3'] },
          },
        ],
      },
    },
    {
      name: 'kubelet-settings',
      options: {
        operations: [
          {
            ...{ name: 'NodeUpdate', reason: 'kubelet settings changed: m1, m2', ...plain },
            nodes: [
              { hostname: 'm1', path: 'kubelet' },
              { hostname: 'm2', path: 'kubelet' },
            ],
            firstSteps: ['kubelet-config-upload'],
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
            nodes: [{ hostname: 'm5', path: 'added-worker' }],
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
    {
      // More nodes than are at work at once: they get their files before the first turn.
      name: 'upgrade-many',
      options: {
        operations: [
          {
            ...{ name: 'ClusterUpgrade', reason: 'Kubernetes v1.34.4 becomes v1.35.4', ...plain },
            nodes: [
              { hostname: 'm1', path: 'upgrade-first' },
              ...Array.from({ length: 50 }, (_, index) => ({
                ...{ hostname: `w${String(index + 1)}`, path: 'upgrade-worker' as const },
              })),
            ],
            ...{ kubernetesVersion: 'v1.35.4', workersAtOnce: 10 },
          },
        ],
      },
      nodes: ['m1', 'w1'],
    },
    {
      name: 'network-upgrade',
      options: {
        operations: [
          {
            ...{ name: 'ClusterUpgrade', reason: 'Calico 3.28.5 becomes 3.31.2', ...plain },
            nodes: [
              { hostname: 'm1', path: 'network-images' },
              { hostname: 'm2', path: 'network-images' },
            ],
            ...{ clusterSteps: ['cni', 'cni-rollout'], kubernetesVersion: 'v1.34.4' },
          },
        ],
      },
    },
    rollout(),
    {
      name: 'webhook',
      options: {
        operations: [blueprint],
        news: {
          webhooks: ['pager'],
          event: {
            ...{ type: 'taskset.succeeded', at: '2026-11-26T08:00:00.000Z' },
            ...{ project: 'p', cluster: 'c', clusterId: 'c000001' },
            taskset: {
              ...{ id: 't000001', status: 'PROVISION_TASKSET_STATUS_COMPLETE', comment: 'done' },
              operations: ['BlueprintSync'],
            },
          },
        },
      },
      // What is told outlives the cluster's workflow: its history is whole once it has ended, too.
      run: {
        after: async (client) => {
          await client.workflow.getHandle('webhook/p/pager/t000001').result();
        },
      },
    },
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
      name: 'certificates',
      options: {
        operations: [
          {
            ...{ name: 'CertificateRenewal', reason: 'asked for: new certificates', ...plain },
            nodes: [
              { hostname: 'm1', path: 'renew-certificates' },
              { hostname: 'm2', path: 'renew-certificates' },
            ],
            clusterSteps: ['kubelet-certificates'],
            ...{ kubernetesVersion: 'v1.34.4', asked: { id: 'n1' } },
          },
        ],
      },
    },
    {
      name: 'upkeep',
      options: { operations: [], upkeep: due },
      run: { upkeep: true },
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

/** Two pages of snapshots, and nothing else. */
function due({ part, after }: UpkeepPage): UpkeepTurn {
  if (part !== 'snapshots') return { asked: 0 };
  if (after !== undefined) return { asked: 1 };
  return { asked: 50, next: { by: '2026-11-26T06:00:00.000Z', id: 'c000050' } };
}

function unreachable(hostname: string): ApplicationFailure {
  return ApplicationFailure.create({
    ...{ type: 'MachineUnreachable', nonRetryable: true },
    message: `${hostname} cannot be reached`,
  });
}

function failing(step: string): void {
  if (step === 'm3 kubeadm-join') throw stepFailure('m3', 'kubeadm-join');
}

function cancelled(
  name: string,
  operation: OperationPlan,
  ...[step, how]: Parameters<typeof longStep>
): Scenario {
  const { live, onStep } = longStep(step, how);
  return {
    name,
    options: { operations: [operation], onStep },
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
