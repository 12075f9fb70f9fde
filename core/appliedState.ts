import type { AppliedState } from './plan.js';
import type { ClusterRecord, NodeRecord } from './records.js';

/** What the records say is on the machines, as `plan` compares it with what is desired. */
export function appliedState({
  record,
  nodes,
}: {
  record: Pick<ClusterRecord, 'applied'>;
  nodes: readonly NodeRecord[];
}): AppliedState {
  const { restoring, ...applied } = record.applied;
  return {
    ...applied,
    ...(restoring === undefined || restoring === null ? {} : { restoring }),
    nodes: nodes.map((node) => ({
      hostname: node.hostname,
      claimed: node.claimed,
      joined: node.joined,
      leaving: node.leaving === true,
      ...(node.orphaned === undefined ? {} : { orphaned: true }),
      leader: isLeader(node),
      ...(node.kubernetesVersion === undefined
        ? {}
        : { kubernetesVersion: node.kubernetesVersion }),
      ...(node.kubelet === undefined ? {} : { kubelet: node.kubelet }),
      ...(node.endpoint === undefined ? {} : { endpoint: node.endpoint }),
      ...(node.certificates === undefined
        ? {}
        : { certificatesExpireAt: node.certificates.expiresAt }),
      spec: node.spec,
    })),
  };
}

/** The node that initialised the cluster, or started to. */
export function isLeader(node: Pick<NodeRecord, 'steps'>): boolean {
  return node.steps['kubeadm-init'] !== undefined;
}
