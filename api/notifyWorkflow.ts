import type { ApiContext } from './env.js';

/**
 * Hands a recorded change to the cluster's workflow. Never fails: what Temporal does not take now, the
 * reconciler delivers.
 */
export async function notifyWorkflow(
  c: ApiContext,
  cluster: { project: string; name: string },
): Promise<void> {
  try {
    await c.var.deps.workflows.notify(cluster.project, cluster.name, c.get('requestId'));
  } catch (error) {
    c.var.deps.log.warn(
      { err: error, project: cluster.project, cluster: cluster.name },
      'workflow not told yet: the reconciler will',
    );
  }
}

/** The same for a blueprint of which there is a new version. */
export async function startRollout(
  c: ApiContext,
  blueprint: { project: string; name: string },
): Promise<void> {
  try {
    await c.var.deps.workflows.rollOut(blueprint.project, blueprint.name);
  } catch (error) {
    c.var.deps.log.warn(
      { err: error, project: blueprint.project, blueprint: blueprint.name },
      'rollout not begun yet: the reconciler will',
    );
  }
}
