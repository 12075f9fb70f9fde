import type { ClusterRecord, NodeRecord, TasksetRecord } from '../../core/records.js';
import { initialConditions } from '../../core/conditions.js';
import { OperationName, OperationStatus, TasksetStatus } from '../../core/words.js';
import type { NodeSpec } from '../../core/cluster.js';
import { fixtureCluster } from '../fixtures/cluster.js';

/** A cluster as the store keeps it after its first apply. */
export function clusterRecord(set: Partial<ClusterRecord> = {}): ClusterRecord {
  const { apiVersion, kind, metadata, spec } = fixtureCluster();
  return {
    id: 'pd270k4',
    project: metadata.project,
    name: metadata.name,
    generation: 1,
    desired: { apiVersion, kind, metadata, spec },
    secretsHash: '',
    createdAt: '2026-11-23T08:23:38.051000Z',
    modifiedAt: '2026-11-23T08:23:38.051000Z',
    deleting: false,
    retries: 0,
    observed: { generation: 0, retries: 0, deleting: false },
    conditions: initialConditions('2026-11-23T08:23:38.051000Z'),
    provisionStatus: 'CLUSTER_PROVISION_NOT_STARTED',
    commonStatus: {
      conditionType: 'ClusterOperationApplied',
      conditionStatus: 1,
      lastUpdated: { seconds: 1, nanos: 2 },
      reason: 'submitted',
    },
    applied: { initialised: false, created: false },
    ...set,
  };
}

export function nodeRecord(spec: NodeSpec, set: Partial<NodeRecord> = {}): NodeRecord {
  return {
    clusterId: 'pd270k4',
    hostname: spec.hostname,
    spec,
    status: 'PENDING',
    claimed: false,
    joined: false,
    steps: {},
    modifiedAt: '2026-11-23T08:23:38.051000Z',
    ...set,
  };
}

/** A taskset that creates the fixture, under way. */
export function tasksetRecord(set: Partial<TasksetRecord> = {}): TasksetRecord {
  const nodes = fixtureCluster().spec.config.nodes.map((node) => node.hostname);
  return {
    id: 'yemp028',
    clusterId: 'pd270k4',
    sequence: 1,
    generation: 1,
    status: TasksetStatus.InProgress,
    comments: 'Configuration is being applied to the cluster',
    operations: [
      {
        name: OperationName.ClusterCreation,
        resourceName: 'demo-cluster',
        status: OperationStatus.InProgress,
        nodes,
        workflowId: 'w1',
      },
      {
        name: OperationName.BlueprintSync,
        resourceName: 'demo-cluster',
        status: OperationStatus.Pending,
        nodes: [],
        workflowId: 'w2',
      },
    ],
    plan: [
      {
        name: OperationName.ClusterCreation,
        reason: 'the cluster does not exist yet',
        nodes: nodes.map((hostname, index) => ({
          hostname,
          path: index === 0 ? 'leader' : 'worker',
        })),
        leave: [],
        clusterSteps: ['check-in', 'node-metadata'],
      },
      {
        name: OperationName.BlueprintSync,
        reason: 'blueprint default: first sync',
        nodes: [],
        leave: [],
        clusterSteps: ['namespace-sync', 'blueprint-sync', 'blueprint-health'],
      },
    ],
    createdAt: '2026-11-23T08:23:39.000000Z',
    ...set,
  };
}
