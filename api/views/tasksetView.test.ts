import { describe, expect, test } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { nodeRecord, tasksetRecord } from '../../test/api/records.js';
import type { OperationPlan } from '../../core/plan.js';
import type { NodeStepRecord, TasksetOperationRecord } from '../../core/records.js';
import { OperationStatus } from '../../core/words.js';
import { tasksetDetails, type OperationNode } from './tasksetView.js';

const step = (set: Partial<NodeStepRecord>): NodeStepRecord => ({
  ...{ state: 'done', tasksetId: 'yemp028', operation: 'ClusterCreation', attempt: 1 },
  ...set,
});

describe('tasksetDetails', () => {
  test('shows steps through a control plane at the node they ran on', () => {
    const node = nodeRecord(fixtureNode(1), {
      steps: { 'blueprint-sync': step({ operation: 'BlueprintSync' }) },
    });
    const { operations } = tasksetDetails(tasksetRecord(), [node]);
    expect(operations[1]?.nodes).toMatchObject([
      { hostname: 'm1', steps: [{ name: 'blueprint-sync' }] },
    ]);
    expect(operations[1]?.nodes[0]).not.toHaveProperty('path');
  });

  test('shows what is planned for each node and for the cluster', () => {
    const [creation, sync] = tasksetDetails(tasksetRecord(), []).operations;
    expect(creation?.nodes.map(({ hostname, path }) => [hostname, path])).toEqual([
      ['m1', 'leader'],
      ['m2', 'worker'],
      ['m3', 'worker'],
    ]);
    expect(creation?.clusterSteps).toEqual(['check-in', 'node-metadata']);
    expect(sync?.clusterSteps[0]).toBe('namespace-sync');
  });

  test('shows no steps to come once the taskset has ended', () => {
    const node = nodeRecord(fixtureNode(1), { steps: { claim: step({ state: 'failed' }) } });
    const ended = tasksetRecord({ status: 'PROVISION_TASKSET_STATUS_FAILED' });
    const [creation] = tasksetDetails(ended, [node]).operations;
    expect(creation?.nodes[0]?.steps.map(({ name, state }) => [name, state])).toEqual([
      ['claim', 'failed'],
    ]);
  });

  test('leaves out steps that a later taskset ran again', () => {
    const node = nodeRecord(fixtureNode(1), { steps: { claim: step({ tasksetId: 'later' }) } });
    const ended = tasksetRecord({ status: 'PROVISION_TASKSET_STATUS_FAILED' });
    expect(tasksetDetails(ended, [node]).operations[0]?.nodes[0]?.steps).toEqual([]);
  });

  test('shows what was kept of steps that a later taskset ran again, and of nodes that are gone', () => {
    const [again, claim] = [step({ tasksetId: 'later' }), step({ attempt: 2 })];
    const node = nodeRecord(fixtureNode(1), { steps: { claim: again, packages: step({}) } });
    const ended = tasksetRecord({ status: 'PROVISION_TASKSET_STATUS_FAILED' });
    const kept = ['m1', 'm9'].map((hostname) => ({
      operationIndex: 0,
      hostname,
      steps: { claim },
    }));
    const [creation, sync] = tasksetDetails(ended, [node], kept).operations;
    expect(
      creation?.nodes.flatMap(({ hostname, steps }) =>
        steps.map(({ name, attempt }) => [hostname, name, attempt]),
      ),
    ).toEqual([
      ['m1', 'claim', 2],
      ['m1', 'packages', 1],
      ['m9', 'claim', 2],
    ]);
    expect(sync?.nodes).toEqual([]);
  });

  describe('of two operations of one name', () => {
    const upgrade = (kubernetesVersion: string): OperationPlan => ({
      ...{ name: 'ClusterUpgrade', reason: `to ${kubernetesVersion}`, kubernetesVersion },
      ...{ nodes: [{ hostname: 'm1', path: 'upgrade-first' }], leave: [], clusterSteps: [] },
    });
    const operation = (status: OperationStatus): TasksetOperationRecord => ({
      ...{ name: 'ClusterUpgrade', resourceName: 'demo-cluster', status, workflowId: 'w' },
      nodes: ['m1'],
    });
    const hops = tasksetRecord({
      plan: [upgrade('v1.34.4'), upgrade('v1.35.4')],
      operations: [operation(OperationStatus.Success), operation(OperationStatus.InProgress)],
    });
    const ran = (operationIndex: number, set: Partial<NodeStepRecord> = {}): NodeStepRecord =>
      step({ operation: 'ClusterUpgrade', operationIndex, ...set });
    const node = nodeRecord(fixtureNode(1), {
      steps: {
        'etcd-snapshot': ran(0),
        'kubeadm-binary': ran(1, { attempt: 2, state: 'running' }),
      },
    });
    const begun = ({ steps }: OperationNode): string[] =>
      steps.flatMap(({ name, state }) => (state === 'pending' ? [] : [`${name} ${state}`]));

    test('shows each with its own steps', () => {
      const shown = tasksetDetails(hops, [node]).operations.map(({ nodes }) => nodes.map(begun));
      expect(shown).toEqual([[['etcd-snapshot done']], [['kubeadm-binary running']]]);
    });

    test('shows no steps to come of the one that has succeeded', () => {
      const [first, second] = tasksetDetails(hops, [node]).operations.map(({ nodes }) =>
        nodes.flatMap(({ steps }) => steps.filter(({ state }) => state === 'pending')),
      );
      expect(first).toEqual([]);
      expect(second?.length).toBeGreaterThan(0);
    });

    test('shows steps that were recorded without a place at each of that name', () => {
      const old = nodeRecord(fixtureNode(1), {
        steps: { 'etcd-snapshot': step({ operation: 'ClusterUpgrade' }) },
      });
      const shown = tasksetDetails(hops, [old]).operations.map(({ nodes }) => nodes.map(begun));
      expect(shown).toEqual([[['etcd-snapshot done']], [['etcd-snapshot done']]]);
    });
  });

  test('orders steps by when they began, those to come last', () => {
    const node = nodeRecord(fixtureNode(1), {
      steps: { packages: step({ startedAt: 2_000 }), claim: step({ startedAt: 1_000 }) },
    });
    const names = tasksetDetails(tasksetRecord(), [node]).operations[0]?.nodes[0]?.steps.map(
      ({ name }) => name,
    );
    expect(names?.slice(0, 3)).toEqual(['claim', 'packages', 'artifacts']);
  });
});
