import { expect, test } from 'vitest';

import { OperationName, OperationStatus, TasksetStatus } from './words.js';
import { phasesOf, type Operation, type Taskset } from './phases.js';

function taskset(...operations: Operation[]): Taskset {
  return { id: 'abc1234', status: TasksetStatus.InProgress, comments: '', operations };
}

const CREATION: Operation = {
  name: OperationName.ClusterCreation,
  status: OperationStatus.Pending,
  reason: 'the cluster is new',
  leave: [],
  clusterSteps: ['check-in', 'node-metadata'],
  nodes: [
    { hostname: 'm1', path: 'leader', steps: [] },
    { hostname: 'm2', path: 'worker', steps: [] },
  ],
};

const SYNC: Operation = {
  name: OperationName.BlueprintSync,
  status: OperationStatus.Pending,
  reason: 'first sync',
  leave: [],
  clusterSteps: ['namespace-sync'],
  nodes: [],
};

const titles = (of: Taskset) => phasesOf(of).map((phase) => phase.title);
const machines = (of: Taskset, title: string) =>
  phasesOf(of)
    .find((phase) => phase.title === title)
    ?.machines.map((machine) => machine.hostname);

test('each step of the paths stands once, before what follows it on any path', () => {
  const all = titles(taskset(CREATION));
  expect(new Set(all).size).toBe(all.length);
  const inOrder = [
    'Gather facts',
    'Import images',
    'Initialise the control plane',
    'Join the cluster',
    'Wait for the node to be Ready',
    'Check in with the API server, revoke the join tokens',
  ];
  expect(all.filter((title) => inOrder.includes(title))).toEqual(inOrder);
});

test('steps are counted over all operations', () => {
  const all = phasesOf(taskset(CREATION, SYNC));
  expect(all.map((phase) => phase.number)).toEqual(all.map((_, index) => index + 1));
  expect(all.at(-1)).toMatchObject({ operation: 1, number: all.length, total: all.length });
});

test('a step to come names the machines whose path holds it', () => {
  expect(machines(taskset(CREATION), 'Initialise the control plane')).toEqual(['m1']);
  expect(machines(taskset(CREATION), 'Join the cluster')).toEqual(['m2']);
  expect(machines(taskset(CREATION), 'Import images')).toEqual(['m1', 'm2']);
});

test('a step through a control plane names the machine once it has begun', () => {
  const title = "Create the blueprint's namespaces";
  expect(machines(taskset(SYNC), title)).toEqual([]);
  const through = {
    hostname: 'm1',
    steps: [{ name: 'namespace-sync', state: 'running' }],
  } as const;
  expect(
    machines(taskset({ ...SYNC, nodes: [{ ...through, steps: [...through.steps] }] }), title),
  ).toEqual(['m1']);
});

test('a removal first leaves the cluster, then cleans the machine', () => {
  const removal = taskset({
    name: OperationName.NodeRemoval,
    status: OperationStatus.Pending,
    reason: '',
    leave: ['m3'],
    clusterSteps: [],
    nodes: [{ hostname: 'm3', path: 'clean', steps: [] }],
  });
  expect(titles(removal).slice(0, 2)).toEqual([
    'Check that etcd keeps its quorum',
    'Drain the node',
  ]);
  expect(titles(removal).at(-1)).toBe('Release the machine');
});

test('where only plain workers leave, etcd is not asked', () => {
  const removal = (plainWorkers: string[]): Operation => ({
    ...{ name: OperationName.NodeRemoval, status: OperationStatus.Pending, reason: '' },
    ...{ leave: ['m2', 'm3'], plainWorkers, clusterSteps: [] },
    nodes: [{ hostname: 'm3', path: 'clean', steps: [] }],
  });
  expect(titles(taskset(removal(['m2', 'm3'])))).toEqual([
    ...['Drain the node', 'Delete the node object', 'Stop and remove Kubernetes'],
    ...['Restore what was there before', 'Release the machine'],
  ]);
  // One of two has a member: the steps are reached.
  expect(titles(taskset(removal(['m3'])))).toHaveLength(7);
});

test('of an operation that has succeeded nothing is to come, whatever of it is still known', () => {
  const [m1, m2] = CREATION.nodes;
  const ended: Operation = {
    ...CREATION,
    status: OperationStatus.Success,
    nodes: [{ ...m1!, steps: [{ name: 'kubeadm-init', state: 'done' }] }, m2!],
  };
  const states = phasesOf(taskset(ended)).flatMap((phase) => phase.machines);
  expect(states).toEqual([{ hostname: 'm1', state: 'done' }]);
});
