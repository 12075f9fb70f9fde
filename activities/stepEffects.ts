import { endpointBackends } from '../core/apiEndpoint.js';
import { blueprintChange } from '../core/blueprintChange.js';
import { baseOf } from '../core/blueprints.js';
import { certificateExpiry } from '../core/certificates.js';
import type { NodeSpec } from '../core/cluster.js';
import { kubeletSettings, sharedKubelet, type KubeletSettings } from '../core/kubeletSettings.js';
import { isControlPlane } from '../core/plan.js';
import { metadataOf } from '../core/planUpdate.js';
import type { AppliedCluster, NodeRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { NodeStatus, OperationName } from '../core/words.js';
import type { StepRunResult } from '../machine/types.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import type { ClusterStepRef, StepRef } from './refs.js';
import { networkApplied, networkBegins } from './network.js';
import { beginRestore } from './restore.js';

/** What has to be known before a step may change anything: a claim that dies half way is still cleaned. */
export async function beforeStep(
  deps: ActivityDeps,
  ref: StepRef,
  loaded: LoadedCluster,
  on: NodeSpec,
): Promise<void> {
  switch (ref.step) {
    case 'cni':
      return networkBegins(deps, ref, loaded);
    case 'claim':
      await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
        spec: on,
        claimed: true,
        status: NodeStatus.Provisioning,
      });
      return;
    case 'kubeadm-upgrade':
      if (isControlPlane(on)) await upgradeBegins(deps, ref, loaded);
      return;
    case 'upgrade-drain':
      await deps.store.nodes.upsert(ref.clusterId, ref.hostname, { cordoned: true });
      return;
    case 'kubernetes-stop':
      await beginRestore(deps, ref);
      await deps.store.nodes.setStatus(ref.clusterId, ref.hostname, NodeStatus.Provisioning);
      return;
    case 'reset':
      if (isClean(loaded, ref.hostname)) return;
      // Also of a node that no control plane was told of: half reset, or not reached, it is no member to count on.
      await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
        ...{ leaving: true, status: NodeStatus.Deleting },
      });
      return;
    default:
  }
}

/** Its data may be newer than the old API server from here on, also where nobody hears of it. */
async function upgradeBegins(
  { store }: ActivityDeps,
  { clusterId }: StepRef,
  { record: { applied, desired } }: LoadedCluster,
): Promise<void> {
  const { kubernetesVersion: upgradeBegun } = desired.spec.config;
  if (applied.upgradeBegun === upgradeBegun || applied.kubernetesVersion === upgradeBegun) return;
  await store.clusters.setApplied(clusterId, { upgradeBegun });
}

/** What of another spec is on the cluster from here on, should it never be applied whole. */
async function beginsWith(
  { store }: ActivityDeps,
  { clusterId, step, operation, blueprint }: ClusterStepRef,
  { record: { applied, desired } }: LoadedCluster,
): Promise<Partial<AppliedCluster> | undefined> {
  const had = async () => (await store.clusters.getById(clusterId))?.applied;
  if (step === 'node-metadata' && applied.metadataBegun !== true) {
    const spec = (await had())?.spec;
    if (spec === undefined) return undefined;
    return metadataOf(spec) === metadataOf(desired.spec) ? undefined : { metadataBegun: true };
  }
  if (!SYNCING.has(step) || applied.blueprintBegun === true) return undefined;
  if (operation === OperationName.BlueprintSync) return { blueprintBegun: true };
  const { changed, moved } = blueprintChange((await had()) ?? applied, desired.spec, blueprint);
  // Another network is placed as the spec says as well.
  if (operation === OperationName.ClusterUpgrade)
    return moved ? { blueprintBegun: true } : undefined;
  if (operation !== OperationName.ClusterRestore) return undefined;
  // A restore is done again until it ends well; by then it may have brought what no sync has.
  return changed || moved ? { blueprintBegun: true } : undefined;
}

/** Any of them may be the first that changes something. */
const SYNCING: ReadonlySet<StepName> = new Set(['cni', 'namespace-sync', 'blueprint-sync']);

/** Either may be the first: a plain worker has no member of etcd. A drain is taken back. */
const LEAVING: ReadonlySet<StepName> = new Set(['etcd-member-remove', 'node-delete']);

/** It has left, in an operation that is done again: what is remembered of it from here on is of another life. */
function isClean({ nodes }: LoadedCluster, hostname: string): boolean {
  return nodes.find((node) => node.hostname === hostname)?.claimed === false;
}

/** From the first of these steps on there is no way back into the cluster but wholly out of it and in again. */
export async function beforeClusterStep(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  loaded: LoadedCluster,
): Promise<void> {
  if (ref.step === 'cni') await networkBegins(deps, ref, loaded);
  const begun = await beginsWith(deps, ref, loaded);
  if (begun !== undefined) await deps.store.clusters.setApplied(ref.clusterId, begun);
  if (ref.subject === undefined || isClean(loaded, ref.subject)) return;
  if (ref.step === 'drain') {
    await deps.store.nodes.upsert(ref.clusterId, ref.subject, { cordoned: true });
  }
  if (!LEAVING.has(ref.step)) return;
  const known = loaded.nodes.find(({ hostname }) => hostname === ref.subject);
  // By the step before it.
  if (known?.leaving === true && known.status === NodeStatus.Deleting) return;
  await deps.store.nodes.upsert(ref.clusterId, ref.subject, {
    leaving: true,
    status: NodeStatus.Deleting,
  });
}

/**
 * etcd has refused to let it go. It is asked first: unless its machine was reset before, nothing of it is gone, whatever an
 * attempt has noted that was lost before it heard of this.
 */
export async function staysAfterAll(
  { store }: ActivityDeps,
  { clusterId, step, subject }: ClusterStepRef,
  { nodes }: LoadedCluster,
): Promise<void> {
  const before = nodes.find(({ hostname }) => hostname === subject);
  if (step !== 'etcd-member-remove' || before === undefined) return;
  if (before.steps['reset'] !== undefined) return;
  // How it was before that attempt is for its watcher to say.
  const status = before.status === NodeStatus.Deleting ? NodeStatus.Ready : before.status;
  await store.nodes.upsert(clusterId, before.hostname, { leaving: false, status });
}

/** What a step that succeeded makes true, recorded before the step itself counts as done. */
export async function afterStep(
  deps: ActivityDeps,
  ref: StepRef,
  loaded: LoadedCluster,
  on: NodeSpec,
  result: StepRunResult,
): Promise<void> {
  const { nodes, clusters } = deps.store;
  switch (ref.step) {
    case 'api-endpoint':
      await nodes.upsert(ref.clusterId, ref.hostname, {
        endpoint: endpointBackends(loaded.record.desired.spec),
      });
      return;
    case 'cni':
      return networkApplied(deps, ref, loaded, result);
    case 'images':
      await nodes.upsert(ref.clusterId, ref.hostname, {
        parts: baseOf(loaded.record.desired.spec, ref.blueprint),
      });
      return;
    case 'kubeadm-init':
      await Promise.all([
        nodes.upsert(ref.clusterId, ref.hostname, {
          ...{ joined: true, ...joinedAt(loaded, result) },
          kubelet: kubeletSettings(loaded.record.desired.spec, on),
        }),
        clusters.setApplied(ref.clusterId, {
          kubelet: sharedKubelet(loaded.record.desired.spec),
          initialised: true,
          kubernetesVersion: loaded.record.desired.spec.config.kubernetesVersion,
          ...(result.results['caCertHash'] === undefined
            ? {}
            : { caCertHash: result.results['caCertHash'] }),
        }),
      ]);
      return;
    // As the control plane has it now.
    case 'join-token':
    case 'control-plane-restore':
      await clusters.setApplied(ref.clusterId, {
        ...(result.results['caCertHash'] === undefined
          ? {}
          : { caCertHash: result.results['caCertHash'] }),
      });
      if (ref.step === 'control-plane-restore') await noteStarted(deps, ref, loaded, on, result);
      return;
    case 'kubeadm-join':
    case 'kubeadm-join-control-plane':
      await Promise.all([
        nodes.upsert(ref.clusterId, ref.hostname, {
          ...{ joined: true, ...joinedAt(loaded, result) },
          kubelet: joinedWith(loaded, on),
        }),
        // It has none of its labels yet, and may have had them in an earlier life of the same spec.
        ref.operation === OperationName.NodeAddition &&
          loaded.record.applied.metadataBegun !== true &&
          clusters.setApplied(ref.clusterId, { metadataBegun: true }),
      ]);
      return;
    case 'uncordon':
      await nodes.upsert(ref.clusterId, ref.hostname, { cordoned: false });
      return;
    case 'kubelet-config':
      await nodes.upsert(ref.clusterId, ref.hostname, { kubelet: joinedWith(loaded, on) });
      return;
    case 'node-ready':
      await nodes.upsert(ref.clusterId, ref.hostname, {
        status: NodeStatus.Ready,
        spec: on,
        ...(result.results['kubeletVersion'] === undefined
          ? {}
          : { kubernetesVersion: result.results['kubeletVersion'] }),
      });
      await noteExpiry(deps, ref, result);
      return;
    case 'kubeadm-upgrade':
      await noteShared(deps, ref, loaded);
      // Of a control plane: the API server that the others are compared with is of this version now.
      if (isControlPlane(on)) {
        await clusters.setApplied(ref.clusterId, {
          kubernetesVersion: loaded.record.desired.spec.config.kubernetesVersion,
        });
      }
      return;
    case 'reset':
      await nodes.upsert(ref.clusterId, ref.hostname, { joined: false });
      return;
    case 'release':
      await nodes.upsert(ref.clusterId, ref.hostname, { claimed: false, joined: false });
      return;
    default:
  }
}

/** kubeadm has initialised it anew: with the settings of the spec that is wanted by now, for those that join, too. */
async function noteStarted(
  { store: { clusters, nodes } }: ActivityDeps,
  { clusterId, hostname }: StepRef,
  { record }: LoadedCluster,
  on: NodeSpec,
  { outcome }: StepRunResult,
): Promise<void> {
  if (outcome !== 'done') return;
  const { spec } = record.desired;
  await Promise.all([
    // Its data is that of before, whatever an upgrade had begun.
    clusters.setApplied(clusterId, { kubelet: sharedKubelet(spec), upgradeBegun: null }),
    nodes.upsert(clusterId, hostname, { kubelet: kubeletSettings(spec, on) }),
  ]);
}

/** kubeadm gives a kubelet that it upgrades what the ConfigMap holds; what is the node's own stays. */
async function noteShared(
  { store }: ActivityDeps,
  { clusterId, hostname }: StepRef,
  { record, nodes }: LoadedCluster,
): Promise<void> {
  const given = nodes.find((node) => node.hostname === hostname)?.kubelet;
  const shared = record.applied.kubelet;
  if (given === undefined || shared === undefined || given.shared === shared) return;
  await store.nodes.upsert(clusterId, hostname, { kubelet: { ...given, shared } });
}

/** Of a control plane, whose certificates have just been made or renewed. */
async function noteExpiry(
  { store }: ActivityDeps,
  ref: StepRef,
  { results }: StepRunResult,
): Promise<void> {
  const expiry = certificateExpiry(results, new Date());
  if (expiry !== undefined) await store.certificates.record(ref.clusterId, ref.hostname, expiry);
}

/** Also of a node that then does not become Ready: an upgrade goes through every minor from there. */
function joinedAt(
  { record }: LoadedCluster,
  { outcome }: StepRunResult,
): Pick<NodeRecord, 'kubernetesVersion'> {
  // What had joined before runs what it was given then.
  return outcome === 'done'
    ? { kubernetesVersion: record.desired.spec.config.kubernetesVersion }
    : {};
}

/** The cluster's part comes from the ConfigMap, whatever the spec says by now. */
function joinedWith({ record }: LoadedCluster, on: NodeSpec): KubeletSettings {
  const { spec } = record.desired;
  return { ...kubeletSettings(spec, on), shared: record.applied.kubelet ?? sharedKubelet(spec) };
}
