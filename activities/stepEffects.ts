import { endpointBackends } from '../core/apiEndpoint.js';
import { certificateExpiry } from '../core/certificates.js';
import type { NodeSpec } from '../core/cluster.js';
import { kubeletSettings, sharedKubelet, type KubeletSettings } from '../core/kubeletSettings.js';
import { isControlPlane, metadataOf } from '../core/plan.js';
import type { AppliedCluster } from '../core/records.js';
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
    case 'kubernetes-stop':
      await beginRestore(deps, ref);
      await deps.store.nodes.setStatus(ref.clusterId, ref.hostname, NodeStatus.Provisioning);
      return;
    case 'reset':
      await deps.store.nodes.setStatus(ref.clusterId, ref.hostname, NodeStatus.Deleting);
      return;
    default:
  }
}

/** What of another spec is on the cluster from here on, should it never be applied whole. */
async function beginsWith(
  { store }: ActivityDeps,
  { clusterId, step, operation }: ClusterStepRef,
  { record: { applied, desired } }: LoadedCluster,
): Promise<Partial<AppliedCluster> | undefined> {
  if (step === 'node-metadata' && applied.metadataBegun !== true) {
    const had = (await store.clusters.getById(clusterId))?.applied.spec;
    if (had === undefined) return undefined;
    return metadataOf(had) === metadataOf(desired.spec) ? undefined : { metadataBegun: true };
  }
  const syncs = operation === OperationName.BlueprintSync && SYNCING.has(step);
  return syncs && applied.blueprintBegun !== true ? { blueprintBegun: true } : undefined;
}

/** Any of them may be the first that changes something. */
const SYNCING: ReadonlySet<StepName> = new Set(['cni', 'namespace-sync', 'blueprint-sync']);

/** Either may be the first: a plain worker has no member of etcd. A drain is taken back. */
const LEAVING: ReadonlySet<StepName> = new Set(['etcd-member-remove', 'node-delete']);

/** From the first of these steps on there is no way back into the cluster but wholly out of it and in again. */
export async function beforeClusterStep(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  loaded: LoadedCluster,
): Promise<void> {
  if (ref.step === 'cni') await networkBegins(deps, ref, loaded);
  const begun = await beginsWith(deps, ref, loaded);
  if (begun !== undefined) await deps.store.clusters.setApplied(ref.clusterId, begun);
  if (!LEAVING.has(ref.step) || ref.subject === undefined) return;
  const known = loaded.nodes.find(({ hostname }) => hostname === ref.subject);
  // By the step before it.
  if (known?.leaving === true && known.status === NodeStatus.Deleting) return;
  await deps.store.nodes.upsert(ref.clusterId, ref.subject, {
    leaving: true,
    status: NodeStatus.Deleting,
  });
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
      return networkApplied(deps, ref, loaded);
    case 'kubeadm-init':
      await Promise.all([
        nodes.upsert(ref.clusterId, ref.hostname, { joined: true }),
        nodes.upsert(ref.clusterId, ref.hostname, {
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
      return;
    case 'kubeadm-join':
    case 'kubeadm-join-control-plane':
      await nodes.upsert(ref.clusterId, ref.hostname, {
        joined: true,
        kubelet: joinedWith(loaded, on),
      });
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

/** Of a control plane, whose certificates have just been made or renewed. */
async function noteExpiry(
  { store }: ActivityDeps,
  ref: StepRef,
  { results }: StepRunResult,
): Promise<void> {
  const expiry = certificateExpiry(results, new Date());
  if (expiry !== undefined) await store.certificates.record(ref.clusterId, ref.hostname, expiry);
}

/** The cluster's part comes from the ConfigMap, whatever the spec says by now. */
function joinedWith({ record }: LoadedCluster, on: NodeSpec): KubeletSettings {
  const { spec } = record.desired;
  return { ...kubeletSettings(spec, on), shared: record.applied.kubelet ?? sharedKubelet(spec) };
}
