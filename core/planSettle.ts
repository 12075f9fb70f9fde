import type { ClusterSpec } from './cluster.js';
import { isMember, type AppliedState, type OperationPlan } from './plan.js';
import { joiningPaths, type NodePath } from './steps.js';
import { OperationName } from './words.js';

/** On which a node comes to take pods, or leaves. */
const UNCORDONED_BY: ReadonlySet<NodePath> = new Set([
  ...(['upgrade-first', 'upgrade-control-plane', 'upgrade-worker', 'clean'] as const),
]);
/** On which it comes to be Ready. */
const READY_BY: ReadonlySet<NodePath> = new Set([
  ...UNCORDONED_BY,
  ...joiningPaths,
  ...(['restore-leader', 'restore-control-plane', 'restore-worker'] as const),
]);

/**
 * Nodes that an operation has left as failed, or half way, and that nothing in `others` looks after: whether they are Ready,
 * and take pods, is seen to before anything counts as applied.
 */
export function planSettle(
  applied: AppliedState,
  spec: ClusterSpec,
  others: readonly OperationPlan[],
): OperationPlan[] {
  const wanted = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  const goesBy = (hostname: string, paths: ReadonlySet<NodePath>): boolean =>
    others.some(({ nodes }) =>
      nodes.some((task) => task.hostname === hostname && paths.has(task.path)),
    );
  const left = applied.nodes
    .filter((node) => isMember(node) && wanted.has(node.hostname))
    .filter(
      ({ hostname, failed, cordoned }) =>
        (failed === true && !goesBy(hostname, READY_BY)) ||
        (cordoned === true && !goesBy(hostname, UNCORDONED_BY)),
    )
    .map(({ hostname }) => hostname)
    .toSorted();
  if (left.length === 0) return [];
  return [
    {
      name: OperationName.NodeUpdate,
      reason: `left as failed, or cordoned, by an operation before: ${left.join(', ')}`,
      nodes: left.map((hostname) => ({ hostname, path: 'settle' })),
      leave: [],
      clusterSteps: ['check-in'],
    },
  ];
}
