import type { Db } from 'mongodb';

import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { timestamp } from './timestamps.js';
import type { HostKeyRecord, HostKeyStore } from './hostKeyStore.js';

type HostKeyDocument = HostKeyRecord & { _id: string };

export async function openHostKeys(db: Db): Promise<HostKeyStore> {
  const keys = db.collection<HostKeyDocument>(CollectionName.hostKeys);
  await keys.createIndex({ clusterId: 1 });
  const find = async (_id: string): Promise<HostKeyRecord | undefined> => {
    const found = await keys.findOne({ _id });
    return found === null ? undefined : record(found);
  };
  return {
    get: (clusterId, hostname) => find(keyId(clusterId, hostname)),
    async list(clusterId, hostnames) {
      const of = hostnames === undefined ? {} : { hostname: { $in: [...hostnames] } };
      const found = await keys
        .find({ clusterId, ...of })
        .sort({ hostname: 1 })
        .toArray();
      return found.map(record);
    },
    async pin(first) {
      const _id = keyId(first.clusterId, first.hostname);
      const document: HostKeyDocument = { ...first, _id, pinnedAt: timestamp() };
      for (;;) {
        try {
          await keys.insertOne(document);
        } catch (error) {
          if (!isDuplicate(error)) throw error;
          const pinned = await find(_id);
          if (pinned === undefined) continue;
          return pinned;
        }
        if (!(await clusterLives(db, first.clusterId))) await keys.deleteOne({ _id });
        return record(document);
      }
    },
    async notePending(clusterId, hostname, key, fingerprint) {
      const pending = { key, fingerprint, seenAt: timestamp() };
      await keys.updateOne(
        // The time is that of the first sight; the pinned key itself is never pending.
        {
          _id: keyId(clusterId, hostname),
          fingerprint: { $ne: fingerprint },
          'pending.fingerprint': { $ne: fingerprint },
        },
        { $set: { pending } },
      );
    },
    async accept(clusterId, hostname) {
      const _id = keyId(clusterId, hostname);
      for (;;) {
        const pending = (await find(_id))?.pending;
        if (pending === undefined) return false;
        const { key, fingerprint } = pending;
        const { matchedCount } = await keys.updateOne(
          // What is pinned is what was looked at: a third key that came in between needs a look of its own.
          { _id, 'pending.fingerprint': fingerprint },
          {
            $set: { key, fingerprint, source: 'accepted', pinnedAt: timestamp() },
            $unset: { pending: true },
          },
        );
        if (matchedCount > 0) return true;
      }
    },
    async remove(clusterId, hostname) {
      await keys.deleteMany(
        hostname === undefined ? { clusterId } : { _id: keyId(clusterId, hostname) },
      );
    },
  };
}

function keyId(clusterId: string, hostname: string): string {
  return `${clusterId}/${hostname}`;
}

function record({ _id, ...rest }: HostKeyDocument): HostKeyRecord {
  return rest;
}
