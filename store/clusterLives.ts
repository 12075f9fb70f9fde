import type { Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';

/**
 * Whether children may still be added under this id. Asked *after* a child was inserted, by whoever inserted
 * it, and answered no, the child goes again: removal marks the cluster first and deletes children then, so
 * no order of the two leaves one behind.
 */
export async function clusterLives(db: Db, clusterId: string): Promise<boolean> {
  const found = await db
    .collection<ClusterDocument>(CollectionName.clusters)
    .findOne({ _id: clusterId, removing: { $exists: false } }, { projection: { _id: 1 } });
  return found !== null;
}
