import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import type { Lease, LeaseStore } from './watchTypes.js';

/** A hundred processes share them evenly enough; a shard is what moves from one to another. */
export const SHARDS = 64;

interface LeaseDocument {
  _id: number;
  /** Empty: nobody. */
  owner: string;
  generation: number;
}

interface WatcherDocument {
  _id: string;
  beat: number;
}

export async function openLeases(db: Db): Promise<LeaseStore> {
  const leases = db.collection<LeaseDocument>(CollectionName.leases);
  const watchers = db.collection<WatcherDocument>(CollectionName.watchers);

  /** By the first who asks for them: a process that watches nothing need not. */
  async function makeShards(there: ReadonlySet<number>): Promise<void> {
    const all = Array.from({ length: SHARDS }, (_, shard) => shard);
    const missing = all.filter((shard) => !there.has(shard));
    try {
      await leases.insertMany(
        missing.map((_id) => ({ _id, owner: '', generation: 0 })),
        { ordered: false },
      );
    } catch (error) {
      // Another process makes them, too.
      if (!isDuplicate(error)) throw error;
    }
  }

  return {
    async beat(owner) {
      await watchers.updateOne({ _id: owner }, { $inc: { beat: 1 } }, { upsert: true });
    },
    async beats() {
      return new Map((await watchers.find().toArray()).map(({ _id, beat }) => [_id, beat]));
    },
    async forget(owner) {
      await watchers.deleteOne({ _id: owner });
    },
    async leases() {
      const read = () => leases.find().sort({ _id: 1 }).toArray();
      let found = await read();
      if (found.length < SHARDS) {
        await makeShards(new Set(found.map(({ _id }) => _id)));
        found = await read();
      }
      return found.map(({ _id: shard, owner, generation }): Lease => ({
        shard,
        generation,
        ...(owner === '' ? {} : { owner }),
      }));
    },
    async take({ shard, owner: from = '', generation }, owner) {
      const next = generation + 1;
      const { matchedCount } = await leases.updateOne(
        { _id: shard, owner: from, generation },
        { $set: { owner, generation: next } },
      );
      return matchedCount === 0 ? undefined : next;
    },
    async release({ shard, owner, generation }) {
      await leases.updateOne({ _id: shard, owner, generation }, { $set: { owner: '' } });
    },
  };
}
