import { AppError, ErrorCode } from '../core/errors.js';
import type { AskedOperation } from '../core/askedOperations.js';
import type { ClusterKey } from '../store/clusterDue.js';
import type { ActivityDeps } from './deps.js';

export type DueDeps = Pick<ActivityDeps, 'store' | 'log'> & {
  /** Starts the cluster's workflow, or has it look again. */
  workflows: { notify(project: string, name: string): Promise<unknown> };
};

/**
 * Asks each of them for the operation, and tells the workflows of those that were not asked with this id before. How
 * many that were.
 */
export async function askDue(
  deps: DueDeps,
  clusters: readonly ClusterKey[],
  operation: Pick<AskedOperation, 'id' | 'kind' | 'args'>,
): Promise<number> {
  const asked: ClusterKey[] = [];
  for (const cluster of clusters) if (await ask(deps, cluster, operation)) asked.push(cluster);
  await tell(deps, asked);
  return asked.length;
}

async function ask(
  { store }: DueDeps,
  { project, name }: ClusterKey,
  operation: Pick<AskedOperation, 'id' | 'kind' | 'args'>,
): Promise<boolean> {
  try {
    return (await store.clusters.ask(project, name, operation))?.fresh === true;
  } catch (error) {
    // It is being deleted, or has too much to do: that is seen elsewhere.
    if (error instanceof AppError && error.code === ErrorCode.Conflict) return false;
    throw error;
  }
}

/** All at once: they are one page. Who cannot be told now, the reconciler tells. */
export async function tell({ workflows, log }: DueDeps, asked: readonly ClusterKey[]) {
  await Promise.all(
    asked.map(async ({ project, name }) => {
      try {
        await workflows.notify(project, name);
      } catch (error) {
        const of = { project, cluster: name, error: String(error) };
        log.warn(of, 'something is due; workflow not told yet: the reconciler will');
      }
    }),
  );
}
