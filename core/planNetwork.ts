import type { ClusterSpec } from './cluster.js';
import { compareMinors, minorOf } from './matrix.js';
import { isSameCalico, networkTurn } from './networkMove.js';
import { isMember, type AppliedState, type OperationPlan } from './plan.js';
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
  const network: OperationPlan = {
    name: OperationName.ClusterUpgrade,
    reason: isSameCalico(from, to)
      ? `Calico ${to} had begun to be rolled out`
      : `Calico ${from} becomes ${to}`,
    nodes: applied.nodes
      .filter((node) => isMember(node) && names.has(node.hostname))
      .map(({ hostname }) => ({ hostname, path: 'network-images' as const }))
      .toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1)),
    leave: [],
    clusterSteps: ['cni', 'cni-rollout'],
    kubernetesVersion: upgrades[index - 1]?.kubernetesVersion ?? control,
  };
  return upgrades.toSpliced(index, 0, network);
}

/** Until Calico's turn comes, what is done is done with the one that runs: nodes that join then get its images. */
export function beforeNetwork(
  operations: readonly OperationPlan[],
  applied: AppliedState,
  spec: ClusterSpec,
): OperationPlan[] {
  const running = runningCalico(applied);
  const turn = operations.findIndex(isNetworkUpgrade);
  if (running === undefined || isSameCalico(running, spec.config.network.cni.version)) {
    return [...operations];
  }
  return operations.map((each, index) => (index < turn ? { ...each, cniVersion: running } : each));
}

export function isNetworkUpgrade({ name, clusterSteps }: OperationPlan): boolean {
  return name === OperationName.ClusterUpgrade && clusterSteps.includes('cni');
}
