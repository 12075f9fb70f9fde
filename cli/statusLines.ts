import type { Cluster, TasksetView } from '../core/cluster.js';
import { clusterState } from '../core/clusterState.js';
import { NodeStatus } from '../core/words.js';
import { painted, plain, Sgr, type Paint } from './colours.js';
import { table } from './table.js';

export { table };

/** Of more nodes than this, those that work are only counted. */
export const NODES_LISTED = 20;

type NodeState = { hostname: string; status: NodeStatus };

export interface StatusLinesOptions {
  /** Every node, however many there are. */
  all?: boolean;
  /** What nodes failed with, by hostname. */
  errors?: ReadonlyMap<string, string>;
  /** What is shown of the nodes instead. */
  rows?: readonly (readonly string[])[];
  paint?: Paint;
}

/** What a person wants to see first. */
const ORDER: readonly NodeStatus[] = [
  ...[NodeStatus.Failed, NodeStatus.NotReady, NodeStatus.Orphaned],
  ...[NodeStatus.Discovered, NodeStatus.Approved, NodeStatus.Deleting],
  ...[NodeStatus.Provisioning, NodeStatus.Pending, NodeStatus.Ready],
];

/** A cluster's status for people: how it stands and why, the conditions, the nodes, the last tasksets. */
export function statusLines(cluster: Cluster, options: StatusLinesOptions = {}): string[] {
  const { metadata, status } = cluster;
  const { paint = plain } = options;
  if (status === undefined) return [`${metadata.name}: no status`];
  const { state, reason } = clusterState(status);
  const why = reason === '' ? '' : `: ${reason}`;
  const [taskset] = status.lastTasksets;
  return [
    `${paint(metadata.name, Sgr.Bold)} (${status.id}) ${painted(state, paint)}${why}`,
    ...indented(
      table(
        status.conditions.map((condition) => [condition.type, condition.status, condition.reason]),
        (cell) => painted(cell, paint),
      ),
    ),
    ...nodeLines(cluster, options),
    ...(taskset === undefined ? [] : tasksetLines(taskset, paint)),
  ];
}

/** All of a cluster's nodes where they are few, else those that have failed or are busy, the first of them. */
export function nodesToShow({ status }: Cluster, all = false): NodeState[] {
  const nodes = [...(status?.mks.nodes ?? [])];
  if (nodes.length <= NODES_LISTED) return nodes;
  const sorted = nodes.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  if (all) return sorted;
  return sorted.filter((node) => node.status !== NodeStatus.Ready).slice(0, NODES_LISTED);
}

function nodeLines(cluster: Cluster, options: StatusLinesOptions): string[] {
  const { all, errors, paint = plain } = options;
  const nodes = cluster.status?.mks.nodes ?? [];
  const shown = nodesToShow(cluster, all);
  const rows =
    options.rows ??
    shown.map(({ hostname, status }) => [hostname, status, errors?.get(hostname) ?? '']);
  const lines = indented(table(rows, (cell) => painted(cell, paint)));
  if (nodes.length <= NODES_LISTED) return lines;
  const counts = ORDER.map((word) => [word, count(nodes, word)] as const)
    .filter(([, many]) => many > 0)
    .map(([word, many]) => `${many} ${painted(word, paint)}`);
  const hidden = nodes.length - shown.length - count(nodes, NodeStatus.Ready);
  return [
    `  ${nodes.length} nodes: ${counts.join(', ')}`,
    ...lines,
    ...(hidden > 0 && all !== true
      ? [`  and ${hidden} more that are not READY; --all shows every node`]
      : []),
  ];
}

function count(nodes: readonly NodeState[], word: NodeStatus): number {
  return nodes.filter(({ status }) => status === word).length;
}

function tasksetLines(
  { tasksetId, tasksetOperations, comments }: TasksetView,
  paint: Paint,
): string[] {
  const rows = tasksetOperations.map(({ operationName, operationStatus, errorSummary }) => [
    operationName,
    operationStatus.replace('PROVISION_TASK_STATUS_', ''),
    errorSummary?.split('\n')[0] ?? '',
  ]);
  return [
    `  taskset ${tasksetId}: ${comments.split('\n')[0] ?? ''}`,
    ...indented(indented(table(rows, (cell) => painted(cell, paint)))),
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
