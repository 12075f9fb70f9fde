import { describe, expect, test } from 'vitest';

import { fixtureNode } from '../test/fixtures/cluster.js';
import { clusterRecord, tasksetRecord } from '../test/api/records.js';
import { clusterStatusView } from './status.js';
import { withCondition } from './conditions.js';

describe('clusterStatusView', () => {
  test('has exactly the members of the seed, in its order', () => {
    const status = clusterStatusView(clusterRecord(), [], [tasksetRecord()]);
    expect(Object.keys(status)).toEqual([
      'id',
      'name',
      'displayName',
      'createdAt',
      'conditions',
      'extra',
      'blueprint',
      'provisionStatus',
      'commonStatus',
      'lastTasksets',
      'mks',
    ]);
    expect(status.extra).toEqual({ vaultIntegration: {} });
    expect(status.blueprint).toEqual({ name: 'default' });
    expect(status.createdAt).toBe('2026-11-23T08:23:38Z');
    expect(Object.keys(status.commonStatus)).toEqual([
      'conditionType',
      'conditionStatus',
      'lastUpdated',
      'reason',
    ]);
  });

  test('shows the conditions in the order in which a cluster reaches them, without Approve', () => {
    const { conditions } = clusterStatusView(clusterRecord({ conditions: [] }), [], []);
    expect(conditions.map((condition) => condition.type)).toEqual([
      'ClusterRegisterSucceeded',
      'ClusterCheckInSucceeded',
      'ClusterNodeSyncSucceeded',
      'ClusterNamespaceSyncSucceeded',
      'ClusterBlueprintSyncSucceeded',
      'ClusterReady',
    ]);
    expect(Object.keys(conditions[0]!)).toEqual(['type', 'status', 'reason']);
  });

  test('shows Approve, in its place, where a node needed approval', () => {
    const record = clusterRecord();
    const approved = {
      type: 'ClusterApproveSucceeded',
      status: 'True',
      reason: 'approved',
    } as const;
    const conditions = withCondition(record.conditions, approved, record.createdAt).toReversed();
    const view = clusterStatusView({ ...record, conditions }, [], []);
    expect(view.conditions[1]).toEqual(approved);
    expect(view.conditions).toHaveLength(7);
  });

  test('shows nodes in the order of the spec: those not yet known are pending', () => {
    const nodes = [{ hostname: 'm3', status: 'READY' } as const];
    expect(clusterStatusView(clusterRecord(), nodes, []).mks.nodes).toEqual([
      { hostname: 'm1', status: 'PENDING' },
      { hostname: 'm2', status: 'PENDING' },
      { hostname: 'm3', status: 'READY' },
    ]);
  });

  test('shows a node that is leaving until its machine is clean', () => {
    const nodes = (['READY', 'DELETING', 'ORPHANED', 'FAILED'] as const).map((status, index) => ({
      hostname: fixtureNode(20 + index).hostname,
      status,
    }));
    const { mks } = clusterStatusView(clusterRecord(), nodes, []);
    expect(mks.nodes.slice(3)).toEqual(nodes.slice(1));
  });

  test('shows the ten newest tasksets, the newest first', () => {
    const tasksets = Array.from({ length: 12 }, (_, index) =>
      tasksetRecord({ id: `t${index}`, sequence: index }),
    );
    const shown = clusterStatusView(clusterRecord(), [], tasksets).lastTasksets;
    expect(shown.map((taskset) => taskset.tasksetId)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((index) => `t${index}`),
    );
  });

  test('shows why an operation failed', () => {
    const taskset = tasksetRecord();
    taskset.operations[0]!.errorSummary = 'node m1, step packages: no space';
    const [shown] = clusterStatusView(clusterRecord(), [], [taskset]).lastTasksets;
    expect(shown?.tasksetOperations).toEqual([
      {
        operationName: 'ClusterCreation',
        resourceName: 'demo-cluster',
        operationStatus: 'PROVISION_TASK_STATUS_INPROGRESS',
        errorSummary: 'node m1, step packages: no space',
      },
      {
        operationName: 'BlueprintSync',
        resourceName: 'demo-cluster',
        operationStatus: 'PROVISION_TASK_STATUS_PENDING',
      },
    ]);
  });
});
