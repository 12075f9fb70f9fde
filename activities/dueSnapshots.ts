import { AskedKind } from '../core/askedOperations.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { ClusterDue, SnapshotDueKey } from '../store/types.js';
import type { ActivityDeps } from './deps.js';

export type DueDeps = Pick<ActivityDeps, 'store' | 'log'> & {
  /** Starts the cluster's workflow. */
  workflows: { notify(project: string, name: string): Promise<unknown> };
};

/**
 * One page of the clusters whose etcd is to be snapshotted by now: each is asked for one. Within an hour nobody is asked
 * twice, however often it is run; a snapshot that failed is asked for again in the next.
 */
export async function askDueSnapshots(
  deps: DueDeps,
  { now, limit, after }: { now: Date; limit: number; after?: SnapshotDueKey },
): Promise<{ asked: number; next?: SnapshotDueKey }> {
  const { items, next } = await deps.store.clusters.snapshotsDue(now, {
    limit,
    ...(after === undefined ? {} : { after }),
  });
  const id = `auto-${now.toISOString().slice(0, 13).replace('T', '-')}`;
  let asked = 0;
  for (const cluster of items) if (await askOne(deps, cluster, id)) asked += 1;
  return { asked, ...(next === undefined ? {} : { next }) };
}

async function askOne(deps: DueDeps, { project, name }: ClusterDue, id: string): Promise<boolean> {
  try {
    const result = await deps.store.clusters.ask(project, name, { id, kind: AskedKind.Snapshot });
    if (result?.fresh !== true) return false;
  } catch (error) {
    // It is being deleted, or has too much to do: that is seen elsewhere.
    if (error instanceof AppError && error.code === ErrorCode.Conflict) return false;
    throw error;
  }
  await deps.workflows.notify(project, name).catch((error: unknown) => {
    const of = { project, cluster: name, error: String(error) };
    deps.log.warn(of, 'a snapshot is due; workflow not told yet: the reconciler will');
  });
  return true;
}
