import { byHostname } from './byHostname.js';
import type { ClusterStatus, Condition, TasksetOperationView, TasksetView } from './cluster.js';
import { initialConditions } from './conditions.js';
import type {
  ClusterRecord,
  NodeRecord,
  TasksetOperationRecord,
  TasksetRecord,
} from './records.js';
import { ConditionType, NodeStatus } from './words.js';

/** `lastTasksets` holds this many, the newest first. */
export const LAST_TASKSETS = 10;

const ORDER: readonly ConditionType[] = Object.values(ConditionType);

/** What a node that the spec no longer holds is shown with, until its machine is clean. */
const LEAVING: ReadonlySet<NodeStatus> = new Set([
  NodeStatus.Deleting,
  NodeStatus.Orphaned,
  NodeStatus.Failed,
]);

type NodeState = Pick<NodeRecord, 'hostname' | 'status'>;

/** `status` in exactly the seed's shape. Pure: the store's records are all it knows. */
export function clusterStatusView(
  record: ClusterRecord,
  nodes: readonly NodeState[],
  tasksets: readonly TasksetRecord[],
): ClusterStatus {
  const { metadata, spec } = record.desired;
  const { conditionType, conditionStatus, lastUpdated, reason } = record.commonStatus;
  return {
    id: record.id,
    name: record.name,
    displayName: metadata.displayName ?? record.name,
    createdAt: record.createdAt.replace(/\.\d+Z$/, 'Z'),
    conditions: conditionViews(record),
    extra: { vaultIntegration: {} },
    blueprint: { name: spec.blueprint.name },
    provisionStatus: record.provisionStatus,
    commonStatus: {
      conditionType,
      conditionStatus,
      lastUpdated: { seconds: lastUpdated.seconds, nanos: lastUpdated.nanos },
      reason,
    },
    lastTasksets: tasksets
      .toSorted((a, b) => b.sequence - a.sequence)
      .slice(0, LAST_TASKSETS)
      .map(tasksetView),
    mks: { nodes: nodeViews(record, nodes) },
  };
}

/** All conditions in their order; Approve only where a node needed approval. The times stay inside. */
function conditionViews(record: ClusterRecord): Condition[] {
  const known = new Map(record.conditions.map((condition) => [condition.type, condition]));
  const initial = new Map(initialConditions(record.createdAt).map((of) => [of.type, of]));
  return ORDER.flatMap((type) => {
    const condition = known.get(type) ?? initial.get(type);
    if (condition === undefined) return [];
    return [{ type, status: condition.status, reason: condition.reason }];
  });
}

function nodeViews(record: ClusterRecord, nodes: readonly NodeState[]): NodeState[] {
  const states = new Map(nodes.map((node) => [node.hostname, node.status]));
  const wanted = record.desired.spec.config.nodes.map(({ hostname }) => ({
    hostname,
    status: states.get(hostname) ?? NodeStatus.Pending,
  }));
  const inSpec = new Set(wanted.map((node) => node.hostname));
  const leaving = nodes
    .filter((node) => !inSpec.has(node.hostname) && LEAVING.has(node.status))
    .map(({ hostname, status }) => ({ hostname, status }))
    .toSorted(byHostname);
  return [...wanted, ...leaving];
}

function tasksetView(taskset: TasksetRecord): TasksetView {
  return {
    tasksetId: taskset.id,
    tasksetOperations: taskset.operations.map(operationView),
    tasksetStatus: taskset.status,
    comments: taskset.comments,
  };
}

function operationView(operation: TasksetOperationRecord): TasksetOperationView {
  return {
    operationName: operation.name,
    resourceName: operation.resourceName,
    operationStatus: operation.status,
    ...(operation.errorSummary === undefined ? {} : { errorSummary: operation.errorSummary }),
  };
}
