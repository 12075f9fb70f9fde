import type { ClusterSpec, NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { isControlPlane } from '../core/plan.js';
import type { ClusterRecord, NodeRecord } from '../core/records.js';
import type { ActivityDeps } from './deps.js';

/** A cluster as an activity sees it: one read each, then pure. */
export interface LoadedCluster {
  record: ClusterRecord;
  nodes: NodeRecord[];
}

/** The cluster as its taskset found it. NotFound when the cluster of this life is gone. */
export async function loadCluster(
  deps: ActivityDeps,
  ref: { clusterId: string; tasksetId: string; kubernetesVersion?: string },
): Promise<LoadedCluster> {
  const { clusterId, tasksetId } = ref;
  const [record, nodes, found] = await Promise.all([
    deps.store.clusters.getById(clusterId),
    deps.store.nodes.list(clusterId),
    deps.store.tasksets.spec(tasksetId),
  ]);
  if (record === undefined) throw new AppError(ErrorCode.NotFound, `cluster ${clusterId} is gone`);
  // What came after the taskset began is a taskset of its own: no step may see half of it.
  const spec = atVersion(found ?? record.desired.spec, ref.kubernetesVersion);
  const desired = { ...record.desired, spec };
  return { record: { ...record, desired }, nodes };
}

/** On the way to the spec's version, or while a creation is ended that was begun with another one. */
function atVersion(
  spec: ClusterSpec,
  kubernetesVersion = spec.config.kubernetesVersion,
): ClusterSpec {
  return { ...spec, config: { ...spec.config, kubernetesVersion } };
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
