import { expect, test } from 'vitest';

import type { OperationPlan } from './plan.js';
import type { NodeRecord, NodeStepRecord, TasksetRecord } from './records.js';
import type { StepName } from './steps.js';
import { tasksetDetails } from './tasksetDetails.js';
import { OperationName, OperationStatus, TasksetStatus } from './words.js';

const CREATION: OperationPlan = {
  name: OperationName.ClusterCreation,
  reason: 'the cluster is new',
  nodes: [
    { hostname: 'm1', path: 'leader' },
    { hostname: 'm2', path: 'worker' },
  ],
  leave: [],
  clusterSteps: ['check-in', 'node-metadata'],
};

function taskset(plan: OperationPlan, status: OperationStatus): TasksetRecord {
  return {
    id: 'abc1234',
    clusterId: 'c',
    sequence: 1,
    generation: 1,
    status: TasksetStatus.InProgress,
    comments: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    plan: [plan],
    operations: [{ name: plan.name, resourceName: 'demo', status, nodes: [], workflowId: 'w' }],
  };
}

function step(set: Partial<NodeStepRecord>): NodeStepRecord {
  return {
    state: 'done',
    tasksetId: 'abc1234',
    operation: OperationName.ClusterCreation,
    attempt: 1,
    ...set,
  };
}

function node(
  hostname: string,
  steps: Partial<Record<StepName, NodeStepRecord>>,
): Pick<NodeRecord, 'hostname' | 'steps'> {
  return { hostname, steps };
}

function stepsOf(record: TasksetRecord, nodes: Pick<NodeRecord, 'hostname' | 'steps'>[] = []) {
  return tasksetDetails(record, nodes).tasksetOperations[0]?.steps ?? [];
}

test('each step of the paths stands once, before what follows it on any path', () => {
  const names = stepsOf(taskset(CREATION, OperationStatus.Pending)).map((one) => one.step);
  expect(new Set(names).size).toBe(names.length);
  const inOrder = ['facts', 'claim', 'kubeadm-init', 'node-ready', 'check-in', 'node-metadata'];
  expect(names.filter((name) => inOrder.includes(name))).toEqual(inOrder);
  expect(names.indexOf('kubeadm-join')).toBeLessThan(names.indexOf('node-ready'));
  expect(names.indexOf('kubeadm-join')).toBeGreaterThan(names.indexOf('images'));
});

test('a step names the nodes whose path holds it', () => {
  const steps = stepsOf(taskset(CREATION, OperationStatus.Pending));
  const hostnames = (name: string) =>
    steps.find((one) => one.step === name)?.nodes.map((one) => one.hostname);
  expect(hostnames('claim')).toEqual(['m1', 'm2']);
  expect(hostnames('kubeadm-init')).toEqual(['m1']);
  expect(hostnames('kubeadm-join')).toEqual(['m2']);
});

test('what is recorded for this taskset is shown, what is of an earlier one is not', () => {
  const steps = stepsOf(taskset(CREATION, OperationStatus.InProgress), [
    node('m1', { claim: step({ startedAt: 0, endedAt: 1500 }) }),
    node('m2', { claim: step({ tasksetId: 'earlier' }) }),
  ]);
  expect(steps.find((one) => one.step === 'claim')?.nodes).toEqual([
    {
      hostname: 'm1',
      state: 'done',
      attempt: 1,
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:01.500Z',
    },
    { hostname: 'm2', state: 'pending' },
  ]);
});

test('a cluster step names the control plane it went through', () => {
  const steps = stepsOf(taskset(CREATION, OperationStatus.InProgress), [
    node('m1', { 'check-in': step({ state: 'running' }) }),
    node('m2', {}),
  ]);
  const checkIn = steps.find((one) => one.step === 'check-in');
  expect(checkIn?.scope).toBe('cluster');
  expect(checkIn?.nodes.map((one) => one.hostname)).toEqual(['m1']);
});

test('the steps of an operation that succeeded long ago are done', () => {
  const steps = stepsOf(taskset(CREATION, OperationStatus.Success));
  expect(steps.find((one) => one.step === 'claim')?.nodes.map((one) => one.state)).toEqual([
    'done',
    'done',
  ]);
});

test('a removal first leaves the cluster, then cleans the machine', () => {
  const names = stepsOf(
    taskset(
      {
        name: OperationName.NodeRemoval,
        reason: '',
        nodes: [{ hostname: 'm3', path: 'clean' }],
        leave: ['m3'],
        clusterSteps: [],
      },
      OperationStatus.Pending,
    ),
  ).map((one) => one.step);
  expect(names).toEqual([
    'drain',
    'etcd-member-remove',
    'node-delete',
    'reset',
    'restore',
    'release',
  ]);
});
