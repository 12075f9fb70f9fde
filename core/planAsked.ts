import { AskedKind, type AskedOperation } from './askedOperations.js';
import { byHostname } from './byHostname.js';
import type { ClusterSpec } from './cluster.js';
import type { AppliedState, DesiredState, NodeTask, OperationPlan } from './plan.js';
import { chooseLeader, isControlPlane, isMember } from './plan.js';
import { planSettle } from './planSettle.js';
import { OperationName } from './words.js';

/** Operations beside the spec: that they failed says nothing of whether it is applied. */
const ASIDE: ReadonlySet<OperationName> = new Set([
  OperationName.EtcdSnapshot,
  OperationName.ClusterRestore,
  OperationName.CertificateRenewal,
]);

export function isAside({ name, aside }: Pick<OperationPlan, 'name' | 'aside'>): boolean {
  return aside === true || ASIDE.has(name);
}

/** A restore that has begun and not ended is asked for by that, unless another one is. */
export function planBegunRestore(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  const { restoring } = applied;
  const another = desired.asked?.some(({ kind }) => kind === AskedKind.Restore) === true;
  if (restoring === undefined || another) return [];
  return [planRestore(applied, desired.spec, restoring)];
}

/**
 * What was asked for beside the spec. A restore comes first, since nothing else can be done to a cluster without its
 * data. Then what keeps the cluster as it is.
 */
export function planAsked(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  const asked = desired.asked ?? [];
  const restores = asked.filter(({ kind }) => kind === AskedKind.Restore);
  const others = asked.filter(({ kind }) => kind !== AskedKind.Restore);
  return [
    ...restores.map((of) => planRestore(applied, desired.spec, of)),
    ...others.map((of) =>
      of.kind === AskedKind.Snapshot ? planSnapshot(applied, of) : planRenewal(applied, of),
    ),
  ];
}

/**
 * The same where the spec is not due. Nodes that a renewal or the like has left as failed are seen to with it: nothing of the
 * spec would ever come to them. What failed of a spec, or of a restore, waits for a person.
 */
export function planBeside(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  const asked = planAsked(applied, desired);
  const waits = (applied.failure ?? '') !== '' || applied.restoring !== undefined;
  if (asked.length === 0 || waits) return asked;
  const settle = planSettle(applied, desired.spec, asked);
  return [...asked, ...settle.map((each): OperationPlan => ({ ...each, aside: true }))];
}

function planSnapshot(applied: AppliedState, of: AskedOperation): OperationPlan {
  return {
    name: OperationName.EtcdSnapshot,
    reason: 'asked for: a snapshot of etcd',
    ...{ nodes: [], leave: [], clusterSteps: [] },
    ...atItsVersion(applied),
    ...askedAs(of),
  };
}

/**
 * Of the control planes as they are now; the workers' kubelets renew their own. Asked for by the clock, of those that are
 * due: one that is away, and stays due, does not have the others renewed day by day.
 */
function planRenewal(applied: AppliedState, of: AskedOperation): OperationPlan {
  const by = of.args?.['expireBy'];
  const controlPlanes = applied.nodes
    .filter((node) => isMember(node) && isControlPlane(node.spec))
    .filter(({ certificatesExpireAt: at }) => by === undefined || at === undefined || at <= by);
  return {
    name: OperationName.CertificateRenewal,
    reason: 'asked for: new certificates',
    nodes: controlPlanes
      .map(({ hostname }): NodeTask => ({ hostname, path: 'renew-certificates' }))
      .toSorted(byHostname),
    leave: [],
    clusterSteps: ['kubelet-certificates'],
    ...atItsVersion(applied),
    ...askedAs(of),
  };
}

function askedAs({ id, args }: Pick<AskedOperation, 'id' | 'args'>): Pick<OperationPlan, 'asked'> {
  return { asked: { id, ...(args === undefined ? {} : { args }) } };
}

/** The machines that hold the cluster's nodes now, as far as they are to stay. */
function planRestore(
  applied: AppliedState,
  spec: ClusterSpec,
  of: Pick<AskedOperation, 'id' | 'args'>,
): OperationPlan {
  const wanted = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  const members = applied.nodes.filter((node) => isMember(node));
  const staying = members.filter(({ hostname }) => wanted.has(hostname));
  // Where none of the control planes stays, it is restored on what there is and moves from there.
  const nodes = staying.some(({ spec: of }) => isControlPlane(of)) ? staying : members;
  const config = { ...spec.config, nodes: nodes.map((node) => node.spec) };
  const leader = chooseLeader(applied, { ...spec, config });
  const task = ({ hostname, spec: node }: (typeof nodes)[number]): NodeTask => {
    if (hostname === leader) return { hostname, path: 'restore-leader' };
    return { hostname, path: isControlPlane(node) ? 'restore-control-plane' : 'restore-worker' };
  };
  return {
    name: OperationName.ClusterRestore,
    reason: `the snapshot ${of.args?.['snapshot'] ?? ''} is to be restored`,
    nodes: nodes.map(task).toSorted(byHostname),
    leave: [],
    clusterSteps: [
      ...(['check-in', 'system-restart', 'node-metadata'] as const),
      ...(['namespace-sync', 'blueprint-sync', 'blueprint-health'] as const),
    ],
    ...atItsVersion(applied),
    ...askedAs(of),
  };
}

/** A spec that is not applied yet may name another one. */
function atItsVersion({
  kubernetesVersion,
  network,
}: AppliedState): Pick<OperationPlan, 'kubernetesVersion' | 'cniVersion'> {
  return {
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    ...(network === undefined ? {} : { cniVersion: network.version }),
  };
}
