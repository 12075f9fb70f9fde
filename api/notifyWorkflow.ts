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
