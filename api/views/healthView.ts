import type { Condition } from '../../core/cluster.js';
import type {
  ClusterHealth,
  EtcdMember,
  LookFailure,
  MachineObservation,
  NodeHealth,
  NodeObservation,
} from '../../core/health.js';
import { healthWarnings } from '../../core/healthWarnings.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import { clusterStatusView } from '../../core/status.js';
import { ConditionType, type NodeStatus } from '../../core/words.js';

export interface HealthView {
  lookedAt: string;
  seenAt?: string;
  through?: string;
  ready: Pick<Condition, 'status' | 'reason'>;
  warnings: string[];
  failures: LookFailure[];
  etcd?: EtcdMember[];
  nodes: NodeHealthView[];
}

interface NodeHealthView extends Partial<Omit<NodeObservation, 'hostname'>> {
  hostname: string;
  status?: NodeStatus;
  observedAt?: string;
  machine?: MachineObservation;
}

/** The last look at a cluster: its nodes in the spec's order, then those that only the API server knows. */
export function healthView(of: {
  record: ClusterRecord;
  health: ClusterHealth;
  nodes: readonly NodeHealth[];
  statuses: readonly Pick<NodeRecord, 'hostname' | 'status'>[];
  now: Date;
}): HealthView {
  const { record, health, nodes, statuses, now } = of;
  const status = clusterStatusView(record, statuses, []);
  const known = new Map(nodes.map((node) => [node.hostname, node]));
  const wanted = status.mks.nodes;
  const inStatus = new Set(wanted.map(({ hostname }) => hostname));
  const ready = status.conditions.find(({ type }) => type === ConditionType.Ready);
  const { lookedAt, seenAt, through, failures, etcd } = health;
  const { kubernetesVersion: version } = record.applied;
  return {
    lookedAt,
    ...(seenAt === undefined ? {} : { seenAt }),
    ...(through === undefined ? {} : { through }),
    ready: { status: ready?.status ?? 'Unknown', reason: ready?.reason ?? '' },
    warnings: healthWarnings({
      ...{ health, nodes, now },
      wanted: record.desired.spec.config.nodes,
      ...(version === undefined ? {} : { version }),
    }),
    failures,
    ...(etcd === undefined ? {} : { etcd }),
    nodes: [
      ...wanted.map((node) => nodeView(node, known.get(node.hostname), seenAt)),
      ...nodes
        .filter(({ hostname }) => !inStatus.has(hostname))
        .map((node) => nodeView({ hostname: node.hostname }, node, seenAt)),
    ],
  };
}

function nodeView(
  shown: { hostname: string; status?: NodeStatus },
  { node, machine }: Partial<NodeHealth> = {},
  seenAt: string | undefined,
): NodeHealthView {
  return {
    ...node,
    ...shown,
    ...(node === undefined || seenAt === undefined ? {} : { observedAt: seenAt }),
    ...(machine === undefined ? {} : { machine }),
  };
}
