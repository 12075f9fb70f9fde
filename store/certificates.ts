import type { Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { nodeId, type NodeDocument } from './nodeDocument.js';
import type { CertificateStore } from './certificateStore.js';

/** Whatever is known of when certificates end, on the nodes' own records. */
export async function openCertificates(db: Db): Promise<CertificateStore> {
  const nodes = db.collection<NodeDocument>(CollectionName.nodes);
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  await nodes.createIndex({ 'certificates.expiresAt': 1, _id: 1 });
  // Half restored, or on its way out, it is in no state to be asked for more.
  const whole = { 'applied.created': true, deleting: false, 'applied.restoring': null };
  return {
    async record(clusterId, hostname, expiry) {
      // Read earlier than what is known: it comes late.
      const known = { $not: { $gt: expiry.readAt } };
      await nodes.updateOne(
        { _id: nodeId(clusterId, hostname), 'certificates.readAt': known },
        { $set: { certificates: expiry } },
      );
    },
    async due(by, { limit, after }) {
      const key = 'certificates.expiresAt';
      const found = await nodes
        .find(
          {
            [key]: { $lte: by.toISOString(), ...(after === undefined ? {} : { $gte: after.by }) },
            joined: true,
            ...(after === undefined
              ? {}
              : { $or: [{ [key]: { $gt: after.by } }, { _id: { $gt: after.id } }] }),
          },
          { projection: { clusterId: 1, certificates: 1 } },
        )
        .sort({ [key]: 1, _id: 1 })
        .limit(limit)
        .toArray();
      const ids = [...new Set(found.map(({ clusterId }) => clusterId))];
      const alive = await clusters
        .find({ _id: { $in: ids }, ...whole }, { projection: { project: 1, name: 1 } })
        .toArray();
      const byId = new Map(alive.map((cluster) => [cluster._id, cluster]));
      const last = found.length < limit ? undefined : found.at(-1);
      return {
        items: ids.flatMap((id) => {
          const cluster = byId.get(id);
          return cluster === undefined
            ? []
            : [{ id, project: cluster.project, name: cluster.name }];
        }),
        ...(last === undefined
          ? {}
          : { next: { by: last.certificates?.expiresAt ?? '', id: last._id } }),
      };
    },
  };
}
