import type { Collection, Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { NodeDocument } from './nodeDocument.js';
import type { CountStore } from './countStore.js';

/** What is counted lies in these indexes whole: no document is read for it. */
const CLUSTERS = { provisionStatus: 1, 'commonStatus.conditionStatus': 1 } as const;
const NODES = { status: 1 } as const;
const CERTIFICATES = { controlPlane: 1, joined: 1, 'certificates.readAt': 1 } as const;

export async function openCounts(db: Db): Promise<CountStore> {
  const clusters: Collection<ClusterDocument> = db.collection(CollectionName.clusters);
  const nodes: Collection<NodeDocument> = db.collection(CollectionName.nodes);
  await clusters.createIndex(CLUSTERS);
  await nodes.createIndex(NODES);
  await nodes.createIndex(CERTIFICATES);
  return {
    async clusters() {
      const found = await clusters
        .aggregate<{
          _id: Pick<Awaited<ReturnType<CountStore['clusters']>>[number], 'status' | 'applied'>;
          count: number;
        }>(
          [
            {
              $group: {
                _id: { status: '$provisionStatus', applied: '$commonStatus.conditionStatus' },
                count: { $sum: 1 },
              },
            },
          ],
          { hint: CLUSTERS },
        )
        .toArray();
      return found.map(({ _id, count }) => ({ ..._id, count }));
    },
    async nodes() {
      const found = await nodes
        .aggregate<{
          _id: NodeDocument['status'];
          count: number;
        }>([{ $group: { _id: '$status', count: { $sum: 1 } } }], { hint: NODES })
        .toArray();
      return found.map(({ _id: status, count }) => ({ status, count }));
    },
    unreadCertificates: (since) =>
      nodes.countDocuments(
        {
          ...{ controlPlane: true, joined: true, leaving: { $ne: true } },
          // Or never.
          $or: [
            { 'certificates.readAt': { $lt: since.toISOString() } },
            { 'certificates.readAt': null },
          ],
        },
        { hint: CERTIFICATES },
      ),
  };
}
