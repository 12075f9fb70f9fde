import { byHostname } from './byHostname.js';
import type { ClusterSpec } from './cluster.js';
import { compareMinors, minorOf } from './matrix.js';
import { isSameCalico, networkTurn } from './networkMove.js';
import {
  isControlPlane,
  isMember,
  type AppliedNode,
  type AppliedState,
  type OperationPlan,
} from './plan.js';
import { OperationName } from './words.js';

/** The version of Calico that the cluster runs, or has begun to. */
export function runningCalico(applied: Pick<AppliedState, 'network' | 'spec'>): string | undefined {
  return applied.network?.version ?? applied.spec?.config.network.cni.version;
}

/**
 * The upgrades of Kubernetes with that of Calico among them, in its turn. Every node has the images before the manifest is
 * applied; then the agents are replaced, a few at a time.
 */
export function withNetwork(
  upgrades: readonly OperationPlan[],
  applied: AppliedState,
  spec: ClusterSpec,
): OperationPlan[] {
  const to = spec.config.network.cni.version;
  const from = runningCalico(applied) ?? to;
  const isBegun = applied.network?.begun === true;
  if (isSameCalico(from, to) && !isBegun) return [...upgrades];
  const wanted = spec.config.kubernetesVersion;
  const control = applied.kubernetesVersion ?? wanted;
  const turn = networkTurn({
    kubernetes: { from: control, to: wanted },
    calico: { from, to },
  });
  const later = upgrades.findIndex(
    ({ kubernetesVersion = wanted }) => compareMinors(minorOf(kubernetesVersion) ?? '', turn) > 0,
  );
  const index = later === -1 ? upgrades.length : later;
  const names = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  const network = networkUpgrade(
    applied.nodes.filter(({ hostname }) => names.has(hostname)),
    isSameCalico(from, to) ? begunText(to) : `Calico ${from} becomes ${to}`,
  );
  const kubernetesVersion = upgrades[index - 1]?.kubernetesVersion ?? control;
  return upgrades.toSpliced(index, 0, { ...network, kubernetesVersion });
}

/**
 * What has begun, for the nodes as they are: before any other joins, which would be given the images of one version while
 * the cluster may still have the other's manifest.
 */
export function begunNetwork({ network, kubernetesVersion, nodes }: AppliedState): OperationPlan[] {
  const isThere = nodes.some((node) => isMember(node) && isControlPlane(node.spec));
  // Without a control plane there is no network, whatever is remembered of one.
  if (network?.begun !== true || !isThere) return [];
  const version = kubernetesVersion === undefined ? {} : { kubernetesVersion };
  return [{ ...networkUpgrade(nodes, begunText(network.version)), ...version }];
}

function begunText(version: string): string {
  return `Calico ${version} had begun to be rolled out`;
}

function networkUpgrade(nodes: readonly AppliedNode[], reason: string): OperationPlan {
  return {
    ...{ name: OperationName.ClusterUpgrade, reason, leave: [] },
    nodes: nodes
      .filter(isMember)
      .map(({ hostname }) => ({ hostname, path: 'network-images' as const }))
      .toSorted(byHostname),
    clusterSteps: ['cni', 'cni-rollout'],
  };
}

/** Until Calico's turn comes, what is done is done with the one that runs: nodes that join then get its images. */
export function beforeNetwork(
  operations: readonly OperationPlan[],
  applied: AppliedState,
  spec: ClusterSpec,
): OperationPlan[] {
  const running = runningCalico(applied);
  const turn = operations.findLastIndex(isNetworkUpgrade);
  if (running === undefined || isSameCalico(running, spec.config.network.cni.version)) {
    return [...operations];
  }
  return operations.map((each, index) => (index < turn ? { ...each, cniVersion: running } : each));
}

export function isNetworkUpgrade({ name, clusterSteps }: OperationPlan): boolean {
  return name === OperationName.ClusterUpgrade && clusterSteps.includes('cni');
}
