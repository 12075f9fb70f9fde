import type { Collection, Db } from 'mongodb';

import { AppError } from '../core/errors.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import type { Rewritten, SecretStore } from './secretStore.js';

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
    rewrite: (change, page) => rewrite(secrets, change, page),
  };
}

async function rewrite(
  secrets: Collection<SecretDocument>,
  change: (owner: string, sealed: string) => string,
  { after, limit = 0 }: { after?: string; limit?: number } = {},
): Promise<Rewritten> {
  const result: Rewritten = { checked: 0, changed: 0, failed: [] };
  const found = secrets
    .find(after === undefined ? {} : { _id: { $gt: after } })
    .sort({ _id: 1 })
    .limit(limit);
  let last: string | undefined;
  for await (const document of found) {
    last = document._id;
    result.checked += 1;
    try {
      if (await rewriteOne(secrets, document, change)) result.changed += 1;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { owner, name } = document;
      result.failed.push({ owner, name, message: error.message });
    }
  }
  return limit > 0 && result.checked === limit && last !== undefined
    ? { ...result, next: last }
    : result;
}

/** False when it is as it should be, or gone. */
async function rewriteOne(
  secrets: Collection<SecretDocument>,
  document: SecretDocument,
  change: (owner: string, sealed: string) => string,
): Promise<boolean> {
  let current: SecretDocument | null = document;
  while (current !== null) {
    const { _id, owner, sealed }: SecretDocument = current;
    const anew = change(owner, sealed);
    if (anew === sealed) return false;
    const { modifiedCount } = await secrets.updateOne({ _id, sealed }, { $set: { sealed: anew } });
    if (modifiedCount > 0) return true;
    // A process that does not have the new key yet may have put it.
    current = await secrets.findOne({ _id });
  }
  return false;
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
