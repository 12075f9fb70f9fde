import { AskedKind } from '../core/askedOperations.js';
import type { SnapshotDueKey } from '../store/clusterDue.js';
import { askDue, type DueDeps } from './askDue.js';

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
  const asked = await askDue(deps, items, { id, kind: AskedKind.Snapshot });
  return { asked, ...(next === undefined ? {} : { next }) };
}
