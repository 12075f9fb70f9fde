import { kubeletSettings, uploadedKubelet } from './kubeletSettings.js';
import {
  isControlPlane,
  isMember,
  staying,
  type AppliedState,
  type DesiredState,
  type NodeTask,
  type OperationPlan,
} from './plan.js';
import { kubeletsAfterUpgrade, planKubelet } from './planKubelet.js';
import { planAddition } from './planJoin.js';
import { begunNetwork } from './planNetwork.js';
import { planUpgrade } from './planUpgrade.js';

/**
 * Control planes that take the place of others while Kubernetes is upgraded: they join at the version that runs, and are
 * upgraded with those that stay. Of two members of etcd none may be restarted. Undefined: there are none.
 */
export function planReplacement(
  applied: AppliedState,
  desired: DesiredState,
  { removal, upgrade }: { removal: readonly OperationPlan[]; upgrade: readonly OperationPlan[] },
): OperationPlan[] | undefined {
  const { spec } = desired;
  const { kubernetesVersion } = applied;
  const joining = planAddition(applied, spec, isControlPlane);
  const leaves = removal.some(({ leave, plainWorkers = [] }) => leave.length > plainWorkers.length);
  // One has left in a taskset before.
  const isTwo =
    applied.nodes.filter((node) => isMember(node) && isControlPlane(node.spec)).length === 2;
  const isUpgraded = upgrade.some(({ nodes }) => nodes.some(restartsEtcd));
  if (
    joining.length === 0 ||
    !isUpgraded ||
    kubernetesVersion === undefined ||
    !(leaves || isTwo)
  ) {
    return undefined;
  }
  const begun = begunNetwork(staying(applied, spec));
  const joined = afterwards(applied, { spec, joining, begun, kubernetesVersion });
  const withThem = planUpgrade(joined, desired);
  return [
    ...begun,
    ...joining.map((each) => ({ ...each, kubernetesVersion })),
    ...withThem,
    ...planKubelet(kubeletsAfterUpgrade(joined, withThem), spec),
    ...planAddition(applied, spec, (node) => !isControlPlane(node)),
  ];
}

function restartsEtcd({ path }: NodeTask): boolean {
  return path === 'upgrade-first' || path === 'upgrade-control-plane';
}

/** As it will be when they have joined. */
function afterwards(
  { network, ...applied }: AppliedState,
  {
    spec,
    joining,
    begun,
    kubernetesVersion,
  }: Pick<DesiredState, 'spec'> & {
    joining: readonly OperationPlan[];
    begun: readonly OperationPlan[];
    kubernetesVersion: string;
  },
): AppliedState {
  const names = new Set(joining.flatMap(({ nodes }) => nodes.map(({ hostname }) => hostname)));
  const ended = begun.length > 0 ? { begun: false } : {};
  const shared = uploadedKubelet(applied, spec);
  return {
    ...applied,
    ...(network === undefined ? {} : { network: { ...network, ...ended } }),
    nodes: [
      ...applied.nodes.filter(({ hostname }) => !names.has(hostname)),
      ...spec.config.nodes
        .filter(({ hostname }) => names.has(hostname))
        .map((node) => ({
          ...{ hostname: node.hostname, spec: node, kubernetesVersion },
          ...{ claimed: true, joined: true, leader: false },
          kubelet: { ...kubeletSettings(spec, node), shared },
        })),
    ],
  };
}
