import { byHostname } from '../core/byHostname.js';
import type { ClusterSpec, NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { isControlPlane } from '../core/plan.js';
import type { ClusterRecord, NodeRecord } from '../core/records.js';
import type { ClusterHead } from '../store/clusterStore.js';
import type { ActivityDeps } from './deps.js';

/** A cluster as an activity sees it: one read each, then pure. */
export interface LoadedCluster {
  record: ClusterHead & { desired: Pick<ClusterRecord['desired'], 'spec'> };
  /** Those that were asked for, by hostname. */
  nodes: NodeRecord[];
}

/** All that is known of a cluster. */
export interface WholeCluster {
  record: ClusterRecord;
  nodes: NodeRecord[];
}

/** Which nodes an activity looks at: none of them reads a thousand for the sake of one. */
export interface NodesWanted {
  hostnames?: readonly string[];
  /** Those of the spec and those that are to leave. */
  controlPlanes?: boolean;
  all?: boolean;
}

/** Those that an operation works with, where they are not the spec's. */
interface Versions {
  kubernetesVersion?: string;
  cniVersion?: string;
}

/** The cluster as its taskset found it, with the nodes asked for. NotFound when the cluster of this life is gone. */
export async function loadCluster(
  deps: ActivityDeps,
  ref: { clusterId: string; tasksetId: string } & Versions,
  wanted: NodesWanted,
): Promise<LoadedCluster> {
  const { clusterId, tasksetId } = ref;
  const [head, nodes, found] = await Promise.all([
    deps.store.clusters.head(clusterId),
    nodesOf(deps, clusterId, wanted),
    deps.store.tasksets.spec(tasksetId),
  ]);
  // What came after the taskset began is a taskset of its own: no step may see half of it.
  const whole = found ?? (await deps.store.clusters.getById(clusterId))?.desired.spec;
  if (head === undefined || whole === undefined) {
    throw new AppError(ErrorCode.NotFound, `cluster ${clusterId} is gone`);
  }
  const spec = atVersions(whole, ref);
  return { record: { ...head, desired: { spec } }, nodes };
}

async function nodesOf(
  { store: { nodes } }: ActivityDeps,
  clusterId: string,
  { hostnames = [], controlPlanes = false, all = false }: NodesWanted,
): Promise<NodeRecord[]> {
  if (all) return nodes.list(clusterId);
  const found = await Promise.all([
    hostnames.length === 0 ? [] : nodes.list(clusterId, hostnames),
    controlPlanes ? nodes.controlPlanes(clusterId) : [],
  ]);
  const byName = new Map(found.flat().map((node) => [node.hostname, node]));
  return [...byName.values()].toSorted(byHostname);
}

/** On the way to the spec's version, or while a creation is ended that was begun with another one. */
function atVersions({ config, ...spec }: ClusterSpec, at: Versions): ClusterSpec {
  const { kubernetesVersion = config.kubernetesVersion, cniVersion } = at;
  const { network } = config;
  const cni = { ...network.cni, ...(cniVersion === undefined ? {} : { version: cniVersion }) };
  return { ...spec, config: { ...config, kubernetesVersion, network: { ...network, cni } } };
}

/** The node by the desired spec, or, for one the spec dropped, as it was last acted upon. */
export function nodeSpec(loaded: LoadedCluster, hostname: string): NodeSpec {
  const wanted = loaded.record.desired.spec.config.nodes.find((node) => node.hostname === hostname);
  const known = loaded.nodes.find((node) => node.hostname === hostname)?.spec;
  const spec = wanted ?? known;
  if (spec === undefined) throw new AppError(ErrorCode.NotFound, `node ${hostname} is not known`);
  return spec;
}

/** Control planes that have joined, the first one's machine first: where the cluster is talked to. */
export function joinedControlPlanes<
  Node extends Pick<NodeRecord, 'hostname' | 'joined' | 'leaving' | 'spec' | 'steps'>,
>(loaded: { nodes: readonly Node[] }, except?: string): Node[] {
  return loaded.nodes
    .filter((node) => node.joined && isControlPlane(node.spec))
    .filter((node) => node.leaving !== true && node.hostname !== except)
    .toSorted((a, b) => foundedAt(b) - foundedAt(a));
}

/** When it initialised the cluster, or was the first to have it back; milliseconds, 0 for all others. */
function foundedAt({ steps }: Pick<NodeRecord, 'steps'>): number {
  const begun = [steps['kubeadm-init'], steps['control-plane-restore']].map((step) =>
    step === undefined ? 0 : (step.startedAt ?? 1),
  );
  return Math.max(...begun);
}
