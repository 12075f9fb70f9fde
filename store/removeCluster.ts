import type { Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { noteClusterName } from './clusterNames.js';
import { forgetMachines } from './machines.js';

const CHILDREN = [
  ...(['logs', 'tasksets', 'nodes', 'hostKeys'] as const),
  ...(['registrations', 'installTokens', 'snapshots', 'snapshotChunks'] as const),
  ...(['health', 'nodeHealth', 'stepHistory'] as const),
];

/** The cluster itself goes last: a removal that was cut short is found again and repeated. */
export async function removeCluster(db: Db, clusterId: string): Promise<void> {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const removed = await clusters.findOneAndUpdate({ _id: clusterId }, { $set: { removing: true } });
  for (const name of CHILDREN) {
    await db.collection(CollectionName[name]).deleteMany({ clusterId });
  }
  await db.collection(CollectionName.secrets).deleteMany({ owner: clusterId });
  await forgetMachines(db, clusterId);
  if (removed !== null) {
    const { project, name: cluster } = removed;
    await db.collection(CollectionName.credentialUses).deleteMany({ project, cluster });
    await db.collection(CollectionName.blueprintUses).deleteMany({ project, cluster });
  }
  await clusters.deleteOne({ _id: clusterId });
  if (removed !== null) await noteClusterName(db, removed.project, removed.name);
}
