import type { AppliedState } from './plan.js';
import type { ClusterRecord, NodeRecord } from './records.js';
import type { StepName } from './steps.js';
import { NodeStatus } from './words.js';

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
      ...(UNSETTLED.has(node.status) ? { failed: true } : {}),
      ...(node.cordoned === true ? { cordoned: true } : {}),
      leader: isLeader(node),
      ...(wasControlPlane(node) ? { wasControlPlane: true } : {}),
      ...(node.kubernetesVersion === undefined
        ? {}
        : { kubernetesVersion: node.kubernetesVersion }),
      ...(node.kubelet === undefined ? {} : { kubelet: node.kubelet }),
      ...(node.parts === undefined ? {} : { parts: node.parts }),
      ...(node.endpoint === undefined ? {} : { endpoint: node.endpoint }),
      ...(node.certificates === undefined
        ? {}
        : { certificatesExpireAt: node.certificates.expiresAt }),
      spec: node.spec,
    })),
  };
}

/** Of an operation under way, or of one that has failed; the others are the watcher's, or of nodes that are no members. */
const UNSETTLED: ReadonlySet<NodeStatus> = new Set([NodeStatus.Failed, NodeStatus.Provisioning]);

/** Its machine is clean, and what is remembered of it was of a life that has ended. */
export function hasLeft({ claimed, leaving }: Pick<NodeRecord, 'claimed' | 'leaving'>): boolean {
  return !claimed && leaving === true;
}

/** The node that initialised the cluster, or started to. */
export function isLeader(node: Pick<NodeRecord, 'steps'>): boolean {
  return node.steps['kubeadm-init'] !== undefined;
}

/** Steps that make a node a member of etcd, or one again. */
const MEMBER_STEPS: readonly StepName[] = [
  ...(['kubeadm-init', 'kubeadm-join-control-plane'] as const),
  ...(['etcd-restore', 'control-plane-restore'] as const),
];

/** One of them has begun there, however it ended: a node's steps are known for as long as it is. */
function wasControlPlane({ steps }: Pick<NodeRecord, 'steps'>): boolean {
  return MEMBER_STEPS.some((step) => steps[step] !== undefined);
}
