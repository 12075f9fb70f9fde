import type { Db } from 'mongodb';

import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { timestamp } from './timestamps.js';
import type { InstallTokenRecord, InstallTokenStore } from './installTokenStore.js';

type InstallTokenDocument = Omit<InstallTokenRecord, 'id'> & { _id: string };

export async function openInstallTokens(db: Db): Promise<InstallTokenStore> {
  const tokens = db.collection<InstallTokenDocument>(CollectionName.installTokens);
  await tokens.createIndex({ clusterId: 1, createdAt: -1 });
  return {
    async create({ id, ...rest }) {
      const document: InstallTokenDocument = { _id: id, ...rest, createdAt: timestamp() };
      await tokens.insertOne(document);
      if (!(await clusterLives(db, rest.clusterId))) await tokens.deleteOne({ _id: id });
      return record(document);
    },
    async get(id) {
      const found = await tokens.findOne({ _id: id });
      return found === null ? undefined : record(found);
    },
    async latest(clusterId) {
      const [found] = await tokens
        .find({ clusterId, revokedAt: { $exists: false } })
        .sort({ createdAt: -1, _id: -1 })
        .limit(1)
        .toArray();
      return found === undefined ? undefined : record(found);
    },
    async revokeAll(clusterId) {
      const { modifiedCount } = await tokens.updateMany(
        { clusterId, revokedAt: { $exists: false } },
        { $set: { revokedAt: timestamp() } },
      );
      return modifiedCount;
    },
  };
}

function record({ _id: id, ...rest }: InstallTokenDocument): InstallTokenRecord {
  return { id, ...rest };
}
