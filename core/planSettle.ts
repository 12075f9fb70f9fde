import type { ClusterSpec } from './cluster.js';
import { isMember, type AppliedState, type OperationPlan } from './plan.js';
import { nodePaths, type NodePath, type StepName } from './steps.js';
import { OperationName } from './words.js';

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
  const goesThrough = (hostname: string, step: StepName): boolean =>
    others.some(({ nodes }) =>
      nodes.some((task) => task.hostname === hostname && settles(task.path, step)),
    );
  const left = applied.nodes
    .filter((node) => isMember(node) && wanted.has(node.hostname))
    .filter(
      ({ hostname, failed, cordoned }) =>
        (failed === true && !goesThrough(hostname, 'node-ready')) ||
        (cordoned === true && !goesThrough(hostname, 'uncordon')),
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

/** Or it leaves. */
function settles(path: NodePath, step: StepName): boolean {
  return path === 'clean' || nodePaths[path].some(({ name }) => name === step);
}
