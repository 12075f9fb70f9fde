import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import type { SecretStore } from './types.js';

interface SecretDocument {
  /** `owner#name`: neither holds a `#`. */
  _id: string;
  owner: string;
  name: string;
  sealed: string;
  expiresAt?: Date;
}

export async function openSecrets(db: Db): Promise<SecretStore> {
  const secrets = db.collection<SecretDocument>(CollectionName.secrets);
  await secrets.createIndex({ owner: 1 });
  // The database clears away by itself about once a minute; until then an expired one reads as absent.
  await secrets.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }, undefined);
  return {
    async put(owner, name, sealed, options = {}) {
      const { _id, ...rest } = document(owner, name, sealed, options);
      await secrets.replaceOne({ _id }, rest, { upsert: true });
    },
    async putIfAbsent(owner, name, sealed, options = {}) {
      const fresh = document(owner, name, sealed, options);
      for (;;) {
        try {
          await secrets.insertOne(fresh);
          return sealed;
        } catch (error) {
          if (!isDuplicate(error)) throw error;
        }
        const stored = await secrets.findOne({ _id: fresh._id });
        if (stored !== null && !hasExpired(stored)) return stored.sealed;
        if (stored !== null) await secrets.deleteOne({ _id: stored._id, sealed: stored.sealed });
      }
    },
    async get(owner, name) {
      const stored = await secrets.findOne({ _id: secretId(owner, name) });
      return stored === null || hasExpired(stored) ? undefined : stored.sealed;
    },
    async remove(owner, name) {
      await secrets.deleteMany(name === undefined ? { owner } : { _id: secretId(owner, name) });
    },
    async rewrite(change) {
      let changed = 0;
      for await (const { _id, owner, sealed } of secrets.find().sort({ _id: 1 })) {
        const anew = change(owner, sealed);
        if (anew === sealed) continue;
        const { modifiedCount } = await secrets.updateOne(
          { _id, sealed },
          { $set: { sealed: anew } },
        );
        changed += modifiedCount;
      }
      return changed;
    },
  };
}

function document(
  owner: string,
  name: string,
  sealed: string,
  options: { expiresAt?: Date },
): SecretDocument {
  return { _id: secretId(owner, name), owner, name, sealed, ...options };
}

function secretId(owner: string, name: string): string {
  return `${owner}#${name}`;
}

function hasExpired({ expiresAt }: SecretDocument): boolean {
  return expiresAt !== undefined && expiresAt.getTime() <= Date.now();
}
