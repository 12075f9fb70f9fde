import { describe, expect, test } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { nodeRecord, tasksetRecord } from '../../test/api/records.js';
import type { NodeStepRecord } from '../../core/records.js';
import { tasksetDetails } from './tasksetView.js';

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
