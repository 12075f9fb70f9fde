import { byHostname } from './byHostname.js';
import {
  isControlPlane,
  type AppliedNode,
  type AppliedState,
  type DesiredState,
  type NodeTask,
  type OperationPlan,
} from './plan.js';
import { OperationName, Role } from './words.js';

/** Every machine that something of ours may be on is cleaned, workers first. */
export function planDeletion(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  const claimed = applied.nodes
    // What is to become of an orphaned machine was said when it was given up.
    .filter((node) => node.claimed && !isGivenUp(node))
    .toSorted(byHostname);
  const tasks = claimed.map(({ hostname, spec }): NodeTask => ({
    hostname,
    path: 'clean',
    wave: isControlPlane(spec) ? 2 : 1,
  }));
  return [
    {
      name: OperationName.ClusterDeletion,
      reason: 'the cluster is to be deleted',
      nodes: tasks.toSorted((a, b) => (a.wave ?? 1) - (b.wave ?? 1)),
      leave: [],
      clusterSteps: [],
      ...forced(desired),
    },
  ];
}

/** Nodes that the spec has dropped, and those that had begun to leave; `which`: only the ones that it wants again, or only the others. */
export function planRemoval(
  applied: AppliedState,
  desired: DesiredState,
  which?: 'wanted' | 'dropped',
): OperationPlan[] {
  const { spec } = desired;
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  const gone = applied.nodes
    .filter((node) => node.claimed && (!wanted.has(node.hostname) || node.leaving === true))
    // Given up: nothing can be done about it before it is wanted again.
    .filter((node) => !isGivenUp(node) || wanted.has(node.hostname))
    .filter(({ hostname }) => which === undefined || (which === 'wanted') === wanted.has(hostname))
    .toSorted(byHostname);
  if (gone.length === 0) return [];
  const leaving = new Set(gone.map((node) => node.hostname));
  // Of a cluster that is whole there always is one, and be it one that joins just before: etcd's data never goes with them.
  const through =
    applied.created ||
    applied.nodes.some(
      (node) => node.joined && isControlPlane(node.spec) && !leaving.has(node.hostname),
    );
  const [dropped, wantedAgain] = [false, true].map((isWanted) =>
    gone.flatMap(({ hostname }) => (wanted.has(hostname) === isWanted ? [hostname] : [])),
  ) as [string[], string[]];
  const plainWorkers = gone.filter(isPlainWorker).map(({ hostname }) => hostname);
  const reasons = [
    ...(dropped.length === 0 ? [] : [`not in the spec any more: ${dropped.join(', ')}`]),
    ...(wantedAgain.length === 0 ? [] : [`had begun to leave: ${wantedAgain.join(', ')}`]),
  ];
  return [
    {
      name: OperationName.NodeRemoval,
      reason: reasons.join('; '),
      nodes: gone.map(({ hostname }) => ({ hostname, path: 'clean' })),
      // One that failed half way may be known to the API server, or count as a member of etcd.
      leave: through ? gone.map((node) => node.hostname) : [],
      ...(through && plainWorkers.length > 0 ? { plainWorkers } : {}),
      clusterSteps: [],
      ...forced(desired),
    },
  ];
}

/** Orphaned; one that joined all the same, when its cleaning had failed, is a node like any other. */
function isGivenUp({ orphaned, joined }: AppliedNode): boolean {
  return orphaned === true && !joined;
}

/** By what is recorded of it, and of no other role at any time: etcd never had a member of it. */
function isPlainWorker({ spec, leader, wasControlPlane = false }: AppliedNode): boolean {
  const isWorker = spec.roles.includes(Role.Worker) && !isControlPlane(spec);
  return isWorker && !leader && !wasControlPlane;
}

function forced({ force }: DesiredState): Pick<OperationPlan, 'force'> {
  return force === true ? { force: true } : {};
}
