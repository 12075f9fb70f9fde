import type { Collection, Db } from 'mongodb';

import type { ClusterRecord, TasksetHead } from '../core/records.js';
import { batched } from './batched.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { tasksetHead, type TasksetDocument } from './tasksetDocument.js';

/** A cluster may have had hundreds of tasksets, and a list shows the newest one: it is found by its id. */
const HEAD = { projection: { spec: 0, plan: 0 } } as const;

/**
 * Notes on the cluster that this taskset is begun last, unless a later one was. To be called before it is stored: who dies
 * between the two leaves the id of none, and the newest is looked for as if nothing were noted.
 */
export async function noteNewest(
  db: Db,
  { _id: id, clusterId, sequence }: Pick<TasksetDocument, '_id' | 'clusterId' | 'sequence'>,
): Promise<void> {
  await db.collection<ClusterDocument>(CollectionName.clusters).updateOne(
    {
      _id: clusterId,
      $or: [
        { newestTaskset: { $exists: false } },
        { 'newestTaskset.sequence': { $lte: sequence } },
      ],
    },
    { $set: { newestTaskset: { id, sequence } } },
  );
}

/** Finds it, for many clusters in one read; undefined where none was noted, or the one that was is not there. */
export function notedTasksets(
  tasksets: Collection<TasksetDocument>,
): (cluster: Pick<ClusterRecord, 'newestTaskset'>) => Promise<TasksetHead | undefined> {
  const heads = batched(async (ids) => {
    const found = await tasksets.find({ _id: { $in: ids } }, HEAD).toArray();
    return new Map(found.map((one) => [one._id, tasksetHead(one)]));
  });
  return async ({ newestTaskset }) =>
    newestTaskset === undefined ? undefined : heads(newestTaskset.id);
}
