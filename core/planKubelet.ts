import type { ClusterSpec } from './cluster.js';
import { kubeletSettings, sharedKubelet, uploadedKubelet } from './kubeletSettings.js';
import { isMember, type AppliedNode, type AppliedState, type OperationPlan } from './plan.js';
import { isNetworkUpgrade } from './planNetwork.js';
import { OperationName } from './words.js';

/**
 * Kubelets that run with other settings than those of the spec, one after another; before them what nodes are given that
 * join later. Nodes whose kubelet has its settings are not touched.
 */
export function planKubelet(applied: AppliedState, spec: ClusterSpec): OperationPlan[] {
  if (!applied.initialised) return [];
  const moved = uploadedKubelet(applied, spec) !== sharedKubelet(spec);
  const wanted = new Map(spec.config.nodes.map((node) => [node.hostname, node]));
  const stale = applied.nodes
    .filter((node) => {
      const to = wanted.get(node.hostname);
      if (to === undefined || !isMember(node)) return false;
      const from = settingsOf(applied, node);
      const { shared, own } = kubeletSettings(spec, to);
      return from !== undefined && (from.shared !== shared || from.own !== own);
    })
    .map(({ hostname }) => hostname)
    .toSorted();
  if (!moved && stale.length === 0) return [];
  return [
    {
      name: OperationName.NodeUpdate,
      reason:
        stale.length === 0
          ? 'kubelet settings of nodes to come changed'
          : `kubelet settings changed: ${stale.join(', ')}`,
      nodes: stale.map((hostname) => ({ hostname, path: 'kubelet' })),
      leave: [],
      firstSteps: moved ? ['kubelet-config-upload'] : [],
      clusterSteps: [],
    },
  ];
}

/** As recorded when they were given; of a node from before that was recorded, those of the spec that was applied. */
function settingsOf(
  { spec }: AppliedState,
  { hostname, kubelet }: AppliedNode,
): AppliedNode['kubelet'] {
  if (kubelet !== undefined) return kubelet;
  const was = spec?.config.nodes.find((node) => node.hostname === hostname);
  return spec === undefined || was === undefined ? undefined : kubeletSettings(spec, was);
}

/** As `applied` will be when these upgrades have ended: kubeadm gives a kubelet that it upgrades what the ConfigMap holds. */
export function kubeletsAfterUpgrade(
  applied: AppliedState,
  upgrades: readonly OperationPlan[],
): AppliedState {
  const shared = applied.kubelet;
  const upgraded = new Set(
    upgrades
      .filter((each) => !isNetworkUpgrade(each))
      .flatMap(({ nodes }) => nodes.map(({ hostname }) => hostname)),
  );
  if (shared === undefined || upgraded.size === 0) return applied;
  return {
    ...applied,
    nodes: applied.nodes.map((node) =>
      node.kubelet === undefined || !upgraded.has(node.hostname)
        ? node
        : { ...node, kubelet: { ...node.kubelet, shared } },
    ),
  };
}

/** As `applied` will be when a creation has ended: those that join meanwhile get what the ConfigMap holds now. */
export function kubeletsAfterCreation(applied: AppliedState, spec: ClusterSpec): AppliedState {
  const known = new Map(applied.nodes.map((node) => [node.hostname, node]));
  const shared = uploadedKubelet(applied, spec);
  return {
    ...applied,
    nodes: spec.config.nodes.map((node): AppliedNode => {
      const now = known.get(node.hostname);
      if (now !== undefined && isMember(now)) return now;
      return {
        ...{ hostname: node.hostname, claimed: true, joined: true, leader: false, spec: node },
        kubelet: { ...kubeletSettings(spec, node), shared },
      };
    }),
  };
}
