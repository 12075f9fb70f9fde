import type { NodeSpec } from '../../core/cluster.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import type { StepName } from '../../core/steps.js';
import { NodeStatus, type Role } from '../../core/words.js';
import type { HostKeyRecord } from '../../store/types.js';
import { inOrder, stepView, type StepView } from './stepView.js';

export interface NodeView {
  hostname: string;
  status: NodeStatus;
  roles: Role[];
  privateIP: string;
  /** Not in the spec any more: it goes once its machine is clean. */
  leaving: boolean;
  /** Something of ours may be on the machine. */
  claimed: boolean;
  joined: boolean;
  lastError?: NodeRecord['lastError'];
  hostKey?: HostKeyView;
  steps: StepView[];
  /** What the machine said about itself when it was last asked. */
  facts?: unknown;
}

export interface HostKeyView {
  fingerprint: string;
  source: HostKeyRecord['source'];
  pinnedAt: string;
  /** Seen since, and not trusted until a person accepts it. */
  pending?: { fingerprint: string; seenAt: string };
}

/** The nodes of the spec in its order, then those that are on their way out. */
export function nodeViews(
  cluster: ClusterRecord,
  nodes: readonly NodeRecord[],
  hostKeys: readonly HostKeyRecord[],
): NodeView[] {
  const known = new Map(nodes.map((node) => [node.hostname, node]));
  const keys = new Map(hostKeys.map((key) => [key.hostname, key]));
  const wanted = cluster.desired.spec.config.nodes;
  const inSpec = new Set(wanted.map((node) => node.hostname));
  const leaving = nodes
    .filter((node) => !inSpec.has(node.hostname))
    .toSorted((a, b) => a.hostname.localeCompare(b.hostname, 'en'));
  return [
    ...wanted.map((spec) => view(spec, false, known.get(spec.hostname), keys.get(spec.hostname))),
    ...leaving.map((node) => view(node.spec, true, node, keys.get(node.hostname))),
  ];
}

function view(
  { hostname, roles, privateIP }: NodeSpec,
  leaving: boolean,
  record: NodeRecord | undefined,
  key: HostKeyRecord | undefined,
): NodeView {
  const steps = Object.entries(record?.steps ?? {}).map(([name, step]) =>
    stepView(name as StepName, step),
  );
  return {
    ...{ hostname, roles, privateIP, leaving },
    status: record?.status ?? NodeStatus.Pending,
    claimed: record?.claimed ?? false,
    joined: record?.joined ?? false,
    ...(record?.lastError === undefined ? {} : { lastError: record.lastError }),
    ...(key === undefined ? {} : { hostKey: hostKeyView(key) }),
    steps: inOrder(steps),
    ...(record?.facts === undefined ? {} : { facts: record.facts }),
  };
}

export function hostKeyView({
  fingerprint,
  source,
  pinnedAt,
  pending,
}: HostKeyRecord): HostKeyView {
  return {
    ...{ fingerprint, source, pinnedAt },
    ...(pending === undefined
      ? {}
      : { pending: { fingerprint: pending.fingerprint, seenAt: pending.seenAt } }),
  };
}
