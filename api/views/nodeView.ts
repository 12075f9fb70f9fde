import type { NodeSpec } from '../../core/cluster.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import type { Registration } from '../../core/registration.js';
import type { StepName } from '../../core/steps.js';
import { NodeStatus, type Role } from '../../core/words.js';
import type { HostKeyRecord } from '../../store/types.js';
import { inOrder, stepView, type StepView } from './stepView.js';

export interface NodeView {
  hostname: string;
  status: NodeStatus;
  roles: Role[];
  /** Absent until a machine that comes by the installer command registers. */
  privateIP?: string;
  /** Not in the spec any more: it goes once its machine is clean. */
  leaving: boolean;
  /** Something of ours may be on the machine. */
  claimed: boolean;
  joined: boolean;
  lastError?: NodeRecord['lastError'];
  hostKey?: HostKeyView;
  registration?: Omit<Registration, 'hostname'>;
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

/** These nodes, in this order; of those that the spec does not hold any more only what has not gone meanwhile. */
export function nodeViews(
  cluster: ClusterRecord,
  hostnames: readonly string[],
  of: {
    nodes: readonly NodeRecord[];
    hostKeys: readonly HostKeyRecord[];
    registrations: readonly Registration[];
  },
): NodeView[] {
  const known = new Map(of.nodes.map((node) => [node.hostname, node]));
  const keys = new Map(of.hostKeys.map((key) => [key.hostname, key]));
  const registrations = new Map(of.registrations.map((each) => [each.hostname, each]));
  const specs = new Map(cluster.desired.spec.config.nodes.map((node) => [node.hostname, node]));
  return hostnames.flatMap((hostname) => {
    const wanted = specs.get(hostname);
    const record = known.get(hostname);
    const spec = wanted ?? record?.spec;
    if (spec === undefined) return [];
    const [key, registration] = [keys.get(hostname), registrations.get(hostname)];
    return [view(spec, wanted === undefined, { record, key, registration })];
  });
}

interface Known {
  record: NodeRecord | undefined;
  key: HostKeyRecord | undefined;
  registration: Registration | undefined;
}

function registrationView({
  hostname: _hostname,
  ...rest
}: Registration): Omit<Registration, 'hostname'> {
  return rest;
}

function view(
  { hostname, roles, privateIP: given }: NodeSpec,
  leaving: boolean,
  { record, key, registration }: Known,
): NodeView {
  const privateIP = (given as string | undefined) ?? record?.spec.privateIP;
  const steps = Object.entries(record?.steps ?? {}).map(([name, step]) =>
    stepView(name as StepName, step),
  );
  return {
    ...{ hostname, roles, leaving },
    ...(privateIP === undefined ? {} : { privateIP }),
    status: record?.status ?? NodeStatus.Pending,
    claimed: record?.claimed ?? false,
    joined: record?.joined ?? false,
    ...(record?.lastError === undefined ? {} : { lastError: record.lastError }),
    ...(key === undefined ? {} : { hostKey: hostKeyView(key) }),
    ...(registration === undefined ? {} : { registration: registrationView(registration) }),
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
