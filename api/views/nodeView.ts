import type { CertificateExpiry } from '../../core/certificates.js';
import type { NodeSpec } from '../../core/cluster.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import type { Registration } from '../../core/registration.js';
import { bastionPin } from '../../core/sshEndpoint.js';
import type { StepName } from '../../core/steps.js';
import { NodeStatus, type Role } from '../../core/words.js';
import type { HostKeyRecord } from '../../store/hostKeyStore.js';
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
  /** It was taken out while its machine did not answer. */
  orphaned?: { since: string; reason: string; whatToDo: string };
  hostKey?: HostKeyView;
  registration?: Omit<Registration, 'hostname'>;
  /** Of the machine that connections to it go through. */
  bastionHostKey?: HostKeyView;
  steps: StepView[];
  /** Of a control plane, once they were read. */
  certificates?: CertificateExpiry;
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

const WHAT_TO_DO =
  'The machine still holds keys of the cluster and what ran on it: wipe it, or see that it never starts again, and ' +
  'then dismiss it with POST …/nodes/{hostname}/dismiss. Or bring it back, put it into the spec again and apply: it is cleaned, and joins anew.';

/** Under which names the host keys of a cluster's bastions are pinned. */
export function bastionPins({ desired }: ClusterRecord): string[] {
  const { ssh, nodes } = desired.spec.config;
  const bastions = [ssh, ...nodes.map((node) => node.ssh)].flatMap((one) => one?.bastion ?? []);
  return [...new Set(bastions.map(bastionPin))];
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
  const keysOf = ({ hostname, ssh }: NodeSpec): HostKeys => {
    const { bastion } = { ...cluster.desired.spec.config.ssh, ...ssh };
    return {
      own: keys.get(hostname),
      bastion: bastion === undefined ? undefined : keys.get(bastionPin(bastion)),
    };
  };
  const specs = new Map(cluster.desired.spec.config.nodes.map((node) => [node.hostname, node]));
  return hostnames.flatMap((hostname) => {
    const wanted = specs.get(hostname);
    const record = known.get(hostname);
    const spec = wanted ?? record?.spec;
    if (spec === undefined) return [];
    const [own, registration] = [keysOf(spec), registrations.get(hostname)];
    return [view(spec, wanted === undefined, { record, keys: own, registration })];
  });
}

interface Known {
  record: NodeRecord | undefined;
  keys: HostKeys;
  registration: Registration | undefined;
}

function registrationView({
  hostname: _hostname,
  ...rest
}: Registration): Omit<Registration, 'hostname'> {
  return rest;
}

interface HostKeys {
  own: HostKeyRecord | undefined;
  bastion: HostKeyRecord | undefined;
}

function view(
  { hostname, roles, privateIP: given }: NodeSpec,
  leaving: boolean,
  { record, keys, registration }: Known,
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
    ...(record?.orphaned === undefined
      ? {}
      : { orphaned: { ...record.orphaned, whatToDo: WHAT_TO_DO } }),
    ...(keys.own === undefined ? {} : { hostKey: hostKeyView(keys.own) }),
    ...(keys.bastion === undefined ? {} : { bastionHostKey: hostKeyView(keys.bastion) }),
    ...(registration === undefined ? {} : { registration: registrationView(registration) }),
    steps: inOrder(steps),
    ...(record?.certificates === undefined ? {} : { certificates: record.certificates }),
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
