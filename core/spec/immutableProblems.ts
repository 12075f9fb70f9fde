import { hostAndPort, readEndpoint } from '../apiEndpoint.js';
import type { ClusterSpec, NodeSpec } from '../cluster.js';
import type { Problem } from '../errors.js';
import { platformRow } from '../platform.js';
import { leftOut } from '../registration.js';
import { stableJson } from '../stableJson.js';
import { calicoRow } from '../matrix.js';
import { calicoProblem, networkProblem } from '../networkMove.js';
import type { AppliedState } from '../plan.js';
import { runningCalico } from '../planNetwork.js';
import type { AppliedCluster } from '../records.js';
import { compareVersions, upgradeProblem, type VersionMove } from '../upgrade.js';
import { canonicalText } from './cidr.js';
import { appendPath } from './path.js';

/**
 * What cannot change on a cluster that exists, compared with what was applied to it: all at once, at the paths of
 * `desired`. Some need a new cluster, the others wait for an operation that changes them: none is accepted and ignored.
 * Nodes are matched by hostname; new and dropped ones are no problem.
 */
export function immutableProblems(applied: ClusterSpec, desired: ClusterSpec): Problem[] {
  return [
    ...CLUSTER_FIELDS.flatMap((field) => compare('spec', field, applied, desired)),
    ...nodeProblems(applied, desired),
  ];
}

/** The same of what cannot change from the first apply on: networks may be in use before anything is initialised. */
export function immutableFromSubmit(submitted: ClusterSpec, desired: ClusterSpec): Problem[] {
  const fixed = CLUSTER_FIELDS.filter(({ because, free }) => because === FOR_GOOD && free !== true);
  return fixed.flatMap((field) => compare('spec', field, submitted, desired));
}

/** What of `AppliedState` tells which versions run. */
type Running = Pick<AppliedState, 'created' | 'kubernetesVersion' | 'network' | 'spec'> &
  Pick<AppliedCluster, 'upgradeBegun'>;

/** Where a change of the versions of Kubernetes and Calico is no upgrade that plinth makes. */
export function versionProblems(running: Running, desired: ClusterSpec): Problem[] {
  const { kubernetesVersion: from } = running;
  if (from === undefined) return [];
  const { kubernetesVersion: to, network } = desired.config;
  const calico = { from: runningCalico(running) ?? network.cni.version, to: network.cni.version };
  const kubernetes = { from, to };
  const backwards = calicoProblem(calico);
  const message =
    upgradeProblem(kubernetes) ??
    begunProblem(running, to) ??
    // What goes with the last version is checked with the spec.
    (backwards === undefined ? networkProblem({ kubernetes, calico }) : undefined) ??
    unfinishedProblem(running, kubernetes, calico.to);
  return [
    ...(message === undefined ? [] : [{ path: 'spec.config.kubernetesVersion', message }]),
    ...(backwards === undefined
      ? []
      : [{ path: 'spec.config.network.cni.version', message: backwards }]),
  ];
}

/** However an upgrade ended that has begun: a control plane, and etcd's data, may be of its version. */
function begunProblem({ upgradeBegun }: Running, to: string): string | undefined {
  if (typeof upgradeBegun !== 'string' || compareVersions(to, upgradeBegun) >= 0) return undefined;
  return `cannot become ${to}: an upgrade to ${upgradeBegun} has begun on a control plane, and Kubernetes cannot be downgraded; go on to ${upgradeBegun} or a newer one, or restore a snapshot`;
}

/** A creation is ended with the Kubernetes that it was begun with, and before it has a network with that of the spec. */
function unfinishedProblem(
  { created, network }: Running,
  { from, to }: VersionMove,
  calico: string,
): string | undefined {
  if (created || network !== undefined || calicoRow(from, calico) !== undefined) return undefined;
  return `cannot become ${to} yet: the creation was begun with ${from} and ends with it first, which Calico ${calico} is not for`;
}

interface Field<T> {
  /** Below the cluster's spec or the node. */
  path: readonly string[];
  read(of: T): unknown;
  /** What to do, after "is X and cannot become Y". */
  because: string;
  /** It can still be corrected before the first control plane is there. */
  free?: boolean;
}

const FOR_GOOD = 'it is built into the cluster; delete the cluster and create it anew';
const UPGRADES = 'upgrades of it are not supported yet';
const JOINED = 'it is read when a node joins, and changing it later is not supported yet';
const OTHER_NODE = 'remove the node, and add it again in a later apply';

const CLUSTER_FIELDS: readonly Field<ClusterSpec>[] = [
  subnet('podSubnet', (spec) => spec.config.network.podSubnet),
  subnet('serviceSubnet', (spec) => spec.config.network.serviceSubnet),
  subnet('ipv6.podSubnet', (spec) => spec.config.network.ipv6?.podSubnet),
  subnet('ipv6.serviceSubnet', (spec) => spec.config.network.ipv6?.serviceSubnet),
  {
    path: ['config', 'network', 'controlPlaneEndpoint'],
    read: ({ config }) => endpointOf(config.network.controlPlaneEndpoint),
    because: FOR_GOOD,
    free: true,
  },
  {
    path: ['config', 'network', 'cni', 'name'],
    read: (spec) => spec.config.network.cni.name,
    because: FOR_GOOD,
  },
  {
    path: ['config', 'platformVersion'],
    // Left out is the newest.
    read: (spec) => platformRow(spec.config.platformVersion)?.version,
    because: UPGRADES,
  },
  {
    path: ['config', 'network', 'nameservers'],
    read: (spec) => spec.config.network.nameservers,
    because: JOINED,
  },
  {
    path: ['config', 'controlPlaneOverrides'],
    read: (spec) => spec.config.controlPlaneOverrides,
    because: JOINED,
  },
  {
    path: ['proxy'],
    read: ({ proxy }) => proxy?.enabled === true && { ...proxy, proxyAuth: undefined },
    because: JOINED,
  },
];

const NODE_FIELDS: readonly Field<NodeSpec>[] = [
  { path: ['roles'], read: (node) => node.roles.toSorted(), because: OTHER_NODE },
  { path: ['privateIP'], read: (node) => canonicalText(node.privateIP), because: OTHER_NODE },
  { path: ['arch'], read: (node) => node.arch, because: OTHER_NODE },
  { path: ['operatingSystem'], read: (node) => node.operatingSystem, because: OTHER_NODE },
  { path: ['interface'], read: (node) => node.interface, because: OTHER_NODE },
];

/** Where they are, below `spec` and below a node: docs/api.md lists them. */
export const IMMUTABLE_PATHS = {
  cluster: CLUSTER_FIELDS.map(({ path }) => path.join('.')),
  node: NODE_FIELDS.map(({ path }) => path.join('.')),
};

function subnet(name: string, read: (spec: ClusterSpec) => string | undefined): Field<ClusterSpec> {
  return {
    path: ['config', 'network', ...name.split('.')],
    read: (spec) => canonicalText(read(spec) ?? ''),
    because: FOR_GOOD,
  };
}

/** One spelling for what means the same. */
function endpointOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const { host, port } = readEndpoint(text);
  return hostAndPort(canonicalText(host), port);
}

function nodeProblems(applied: ClusterSpec, desired: ClusterSpec): Problem[] {
  const before = new Map(applied.config.nodes.map((node) => [node.hostname, node]));
  return desired.config.nodes.flatMap((node, index) => {
    const was = before.get(node.hostname);
    if (was === undefined) return [];
    const path = appendPath('spec.config.nodes', index);
    // What the machine has yet to register is not known: it is compared once it is.
    const unknown = new Set<string | undefined>(leftOut(node));
    return NODE_FIELDS.filter((field) => !unknown.has(field.path[0])).flatMap((field) =>
      compare(path, field, was, node),
    );
  });
}

function compare<T>(base: string, field: Field<T>, applied: T, desired: T): Problem[] {
  const [was, is] = [told(field.read(applied)), told(field.read(desired))];
  if (was === is) return [];
  const path = field.path.reduce(appendPath, base);
  return [{ path, message: `is ${was} and cannot become ${is}: ${field.because}` }];
}

/** Absent, empty and off are the same. */
function told(value: unknown): string {
  if (value === undefined || value === false || value === '') return 'unset';
  const json = stableJson(value);
  return json === '{}' || json === '[]' ? 'unset' : json;
}
