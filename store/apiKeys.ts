import type { Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { batched } from './batched.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { timestamp } from './timestamps.js';
import type { ApiKeyRecord, ApiKeyStore } from './apiKeyStore.js';
import type { NameFilter } from './page.js';

type ApiKeyDocument = Omit<ApiKeyRecord, 'id'> & {
  _id: string;
  /** Which attempt at its request made it. */
  attempt?: Date;
};

const BY_NAME = 'name_1__id_1';

/** When a key was used last is told to the minute: not every request is a write. */
const USE_NOTED_EVERY_MS = 60_000;

export async function openApiKeys(db: Db): Promise<ApiKeyStore> {
  const keys = db.collection<ApiKeyDocument>(CollectionName.apiKeys);
  await keys.createIndex({ hash: 1 }, { unique: true }, undefined);
  await keys.createIndex({ name: 1, _id: 1 });
  const findByHash = batched(async (hashes) => {
    const found = await keys.find({ hash: { $in: hashes } }).toArray();
    const now = new Date();
    const before = timestamp(new Date(now.getTime() - USE_NOTED_EVERY_MS));
    const unnoted = found.filter(
      ({ revokedAt, lastUsedAt = '' }) => revokedAt === undefined && lastUsedAt < before,
    );
    await Promise.all(
      unnoted.map(({ _id }) => keys.updateOne({ _id }, { $set: { lastUsedAt: timestamp(now) } })),
    );
    return new Map(found.map((key) => [key.hash, key]));
  });
  return {
    async create({ id, ...rest }) {
      const document: ApiKeyDocument = { _id: id, ...rest, createdAt: timestamp() };
      try {
        await keys.insertOne(document);
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        throw new AppError(
          ErrorCode.Conflict,
          `there is an API key ${id} (or with its hash) already`,
        );
      }
      return record(document);
    },
    async createOnce({ id, ...rest }, attempt) {
      const createdAt = timestamp();
      try {
        const document = await keys.findOneAndUpdate(
          { _id: id, attempt: { $lte: attempt }, revokedAt: { $exists: false } },
          { $set: { ...rest, attempt }, $setOnInsert: { createdAt } },
          { upsert: true, returnDocument: 'after' },
        );
        return record(document ?? { _id: id, ...rest, createdAt });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        throw new AppError(
          ErrorCode.Conflict,
          `API key ${id} was made by another attempt at this request, or revoked since`,
        );
      }
    },
    async findByHash(hash) {
      const found = await findByHash(hash);
      return found === undefined ? undefined : record(found);
    },
    async get(id) {
      const found = await keys.findOne({ _id: id });
      return found === null ? undefined : record(found);
    },
    async list() {
      return (await keys.find().sort({ name: 1, _id: 1 }).toArray()).map(record);
    },
    async page({ name, project, revoked, after, ...page }) {
      const filter = {
        // The least name, so that there is always a range of the index to walk.
        name: nameCondition(name) ?? { $gte: '' },
        ...(project === undefined ? {} : { project }),
        ...(revoked === undefined ? {} : { revokedAt: { $exists: revoked } }),
      };
      const query = {
        ...{ filter, sort: { name: 1, _id: 1 } as const, hint: BY_NAME },
        ...(after === undefined ? {} : { after: later(name, after) }),
      };
      return mapSlice(await readPage(keys, query, page), record);
    },
    async revoke(id) {
      const { matchedCount } = await keys.updateOne(
        { _id: id, revokedAt: { $exists: false } },
        { $set: { revokedAt: timestamp() } },
      );
      return matchedCount > 0;
    },
  };
}

/** Names may be taken twice: those of the last name that come after it by id, and those of later names. */
function later(name: NameFilter | undefined, after: { name: string; id: string }): object {
  const from = nameCondition(name) ?? {};
  return {
    name: { ...from, $gte: after.name },
    $or: [{ name: { $gt: after.name } }, { _id: { $gt: after.id } }],
  };
}

function record({ _id: id, attempt: _attempt, ...rest }: ApiKeyDocument): ApiKeyRecord {
  return { id, ...rest };
}
