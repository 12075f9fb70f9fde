import { byHostname } from './byHostname.js';
import {
  isControlPlane,
  isMember,
  type AppliedState,
  type DesiredState,
  type OperationPlan,
} from './plan.js';
import { withNetwork } from './planNetwork.js';
import type { NodePath } from './steps.js';
import { compareVersions, upgradeConcurrency, upgradeHops } from './upgrade.js';
import { OperationName } from './words.js';

/** The upgrades of Kubernetes, one for each version on the way, with that of Calico among them. */
export function planUpgrade(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  return withNetwork(planHops(applied, desired), applied, desired.spec);
}

/** One operation for each version on the way: of the nodes that stay, those whose kubelet is older. */
function planHops(applied: AppliedState, { spec, available }: DesiredState): OperationPlan[] {
  const to = spec.config.kubernetesVersion;
  const control = applied.kubernetesVersion ?? applied.spec?.config.kubernetesVersion ?? to;
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  // What ran everywhere when a taskset last ended well.
  const known = applied.spec?.config.kubernetesVersion ?? control;
  const nodes = applied.nodes
    .filter((node) => isMember(node) && wanted.has(node.hostname))
    .map(({ hostname, kubernetesVersion = known, spec: of }) => ({
      ...{ hostname, version: kubernetesVersion, controlPlane: isControlPlane(of) },
    }))
    .toSorted(byHostname);
  const from = [control, ...nodes.map(({ version }) => version)].toSorted(compareVersions)[0] ?? to;
  return upgradeHops({ from, to }, available).flatMap((version) => {
    const older = nodes.filter((node) => compareVersions(node.version, version) < 0);
    const first =
      compareVersions(control, version) < 0 ? firstToUpgrade(applied, older) : undefined;
    if (older.length === 0) return [];
    const pathOf = (node: { hostname: string; controlPlane: boolean }): NodePath => {
      if (node.hostname === first) return 'upgrade-first';
      return node.controlPlane ? 'upgrade-control-plane' : 'upgrade-worker';
    };
    const workers = older.filter(({ controlPlane }) => !controlPlane).length;
    return [
      {
        name: OperationName.ClusterUpgrade,
        reason: `Kubernetes ${from} becomes ${version}: ${older.map(({ hostname }) => hostname).join(', ')}`,
        nodes: older.map((node) => ({ hostname: node.hostname, path: pathOf(node) })),
        leave: [],
        clusterSteps: [],
        kubernetesVersion: version,
        workersAtOnce: upgradeConcurrency(spec.config.kubernetesUpgrade ?? {}, workers),
      },
    ];
  });
}

/** The one that initialised the cluster where it is still there. */
function firstToUpgrade(
  applied: AppliedState,
  older: readonly { hostname: string; controlPlane: boolean }[],
): string | undefined {
  const leaders = new Set(applied.nodes.flatMap((node) => (node.leader ? [node.hostname] : [])));
  const candidates = older.filter(({ controlPlane }) => controlPlane);
  return (candidates.find(({ hostname }) => leaders.has(hostname)) ?? candidates[0])?.hostname;
}
