import { matchesLabels, type LabelRequirement } from '../../core/labels.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import { NodeStatus } from '../../core/words.js';
import type { NameFilter } from '../../store/page.js';

/** A node of a list before anything more is read of it. */
export interface NodePlace {
  hostname: string;
  status: NodeStatus;
  labels: Readonly<Record<string, string>> | undefined;
  /** Among all nodes of the cluster. */
  index: number;
}

type KnownNode = Pick<NodeRecord, 'hostname' | 'status'>;

/** The nodes of the spec in its order, then those that are on their way out, by name and without labels. */
export function nodeOrder(cluster: ClusterRecord, known: readonly KnownNode[]): NodePlace[] {
  const status = new Map(known.map((node) => [node.hostname, node.status]));
  const wanted = cluster.desired.spec.config.nodes;
  const inSpec = new Set(wanted.map((node) => node.hostname));
  const leaving = known
    .map(({ hostname }) => ({ hostname, labels: undefined }))
    .filter(({ hostname }) => !inSpec.has(hostname))
    .toSorted((a, b) => a.hostname.localeCompare(b.hostname, 'en'));
  return [...wanted, ...leaving].map(({ hostname, labels }, index) => ({
    ...{ hostname, labels, index },
    status: status.get(hostname) ?? NodeStatus.Pending,
  }));
}

interface Filters {
  name?: NameFilter | undefined;
  status?: readonly NodeStatus[] | undefined;
  labels?: readonly LabelRequirement[] | undefined;
}

export function selectNodes(
  nodes: readonly NodePlace[],
  { name, status, labels = [] }: Filters,
): NodePlace[] {
  return nodes.filter(
    (node) =>
      (name === undefined || fits(name, node.hostname)) &&
      (status === undefined || status.includes(node.status)) &&
      matchesLabels(node.labels, labels),
  );
}

function fits(filter: NameFilter, hostname: string): boolean {
  return 'exact' in filter ? filter.exact === hostname : hostname.startsWith(filter.prefix);
}

/** How many of these stand up to a node, wherever it stands now; where it stood, when it has gone. */
export function placeAfter(
  nodes: readonly NodePlace[],
  after: { hostname: string; index: number } | undefined,
): number {
  if (after === undefined) return 0;
  const at = nodes.findIndex((node) => node.hostname === after.hostname);
  if (at !== -1) return at + 1;
  const next = nodes.findIndex((node) => node.index >= after.index);
  return next === -1 ? nodes.length : next;
}
