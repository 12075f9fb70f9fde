import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import type { IdempotencyStore } from './idempotencyStore.js';

interface IdempotencyDocument {
  _id: string;
  fingerprint: string;
  /** While the request runs: nobody else may run it before this time. Absent: it is done. */
  leasedUntil?: Date;
  /** The lease under which it was done. */
  doneUnder?: Date;
  /** Of the answer; its body is sealed and lies among the secrets. */
  status?: number;
  headers?: Record<string, string>;
  expiresAt: Date;
}

/** One process takes a request; it, or whoever takes over after its death, writes down the answer. */
export async function openIdempotency(db: Db): Promise<IdempotencyStore> {
  const requests = db.collection<IdempotencyDocument>(CollectionName.idempotency);
  // The database clears away by itself about once a minute; until then an expired one reads as absent.
  await requests.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }, undefined);
  return {
    async begin({ id, fingerprint, leaseMs, expiresAt }) {
      for (;;) {
        const now = new Date();
        const leasedUntil = new Date(now.getTime() + leaseMs);
        try {
          await requests.insertOne({ _id: id, fingerprint, leasedUntil, expiresAt });
          return { state: 'begun', lease: leasedUntil, expiresAt };
        } catch (error) {
          if (!isDuplicate(error)) throw error;
        }
        const found = await requests.findOne({ _id: id });
        if (found === null) continue;
        if (found.expiresAt <= now) {
          await requests.deleteOne({ _id: id, expiresAt: found.expiresAt });
          continue;
        }
        if (found.fingerprint !== fingerprint) return { state: 'other' };
        const {
          leasedUntil: held,
          doneUnder: lease = new Date(0),
          status = 200,
          headers = {},
        } = found;
        if (held === undefined) return { state: 'done', lease, status, headers };
        if (held > now) return { state: 'running' };
        // Its process died before it could answer.
        const { modifiedCount } = await requests.updateOne(
          { _id: id, leasedUntil: held },
          { $set: { leasedUntil } },
        );
        if (modifiedCount > 0) {
          return { state: 'begun', lease: leasedUntil, expiresAt: found.expiresAt };
        }
      }
    },
    async finish(id, lease, { status, headers }) {
      const { modifiedCount } = await requests.updateOne(
        { _id: id, leasedUntil: lease },
        { $set: { status, headers, doneUnder: lease }, $unset: { leasedUntil: true } },
      );
      return modifiedCount > 0;
    },
    async release(id, lease) {
      await requests.deleteOne({ _id: id, leasedUntil: lease });
    },
  };
}
