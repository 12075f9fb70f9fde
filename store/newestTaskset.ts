import type { Collection, Db } from 'mongodb';

import type { ClusterRecord, TasksetHead } from '../core/records.js';
import { batched } from './batched.js';
import type { ClusterDocument } from './clusterDocument.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { tasksetHead, type TasksetDocument } from './tasksetDocument.js';

/** A cluster may have had hundreds of tasksets, and a list shows the newest one: it is found by its id. */
const HEAD = { projection: { spec: 0, plan: 0 } } as const;

/**
 * Notes on the cluster that this taskset was begun last, unless a later one was. False: nothing may be added under the
 * cluster's id any more (clusterLives).
 */
export async function noteNewest(
  db: Db,
  { _id: id, clusterId, sequence }: Pick<TasksetDocument, '_id' | 'clusterId' | 'sequence'>,
): Promise<boolean> {
  const { matchedCount } = await db.collection<ClusterDocument>(CollectionName.clusters).updateOne(
    {
      ...{ _id: clusterId, removing: { $exists: false } },
      $or: [
        { newestTaskset: { $exists: false } },
        { 'newestTaskset.sequence': { $lte: sequence } },
      ],
    },
    { $set: { newestTaskset: { id, sequence } } },
  );
  return matchedCount > 0 || clusterLives(db, clusterId);
}

/** Finds it, for many clusters in one read; undefined where none was noted or it is gone. */
export function notedTasksets(
  tasksets: Collection<TasksetDocument>,
): (cluster: Pick<ClusterRecord, 'id' | 'newestTaskset'>) => Promise<TasksetHead | undefined> {
  const heads = batched(async (ids) => {
    const found = await tasksets.find({ _id: { $in: ids } }, HEAD).toArray();
    return new Map(found.map((one) => [one._id, tasksetHead(one)]));
  });
  return async ({ newestTaskset }) =>
    newestTaskset === undefined ? undefined : heads(newestTaskset.id);
}
