import type { ClusterSpec, NodeSpec } from './cluster.js';
import { stableJson } from './stableJson.js';

/**
 * What a kubelet was given of the spec, as text to compare. `shared` is the same for all nodes of a cluster and comes to
 * them by kubeadm's ConfigMap; `own` is the node's: its flags, the cluster's among them, and its own overrides.
 */
export interface KubeletSettings {
  shared: string;
  own: string;
}

export function kubeletSettings(spec: ClusterSpec, node: NodeSpec): KubeletSettings {
  return { shared: sharedKubelet(spec), own: ownKubelet(spec, node) };
}

/** What the ConfigMap is made of. */
export function sharedKubelet({ config }: ClusterSpec): string {
  return (config.kubeletConfigurationOverrides ?? '').trim();
}

function ownKubelet({ config }: ClusterSpec, node: NodeSpec): string {
  return stableJson({
    flags: { ...config.kubeletExtraArgs, ...node.kubeletExtraArgs },
    overrides: (node.kubeletConfigurationOverrides ?? '').trim(),
  });
}

/** What the ConfigMap holds now: as it was recorded, or else of the spec that was applied, or is being applied first. */
export function uploadedKubelet(
  applied: { kubelet?: string; spec?: ClusterSpec },
  desired: ClusterSpec,
): string {
  return applied.kubelet ?? sharedKubelet(applied.spec ?? desired);
}
