import { ObjectId } from 'mongodb';
import type { Db, Filter } from 'mongodb';

import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { nameCondition, readPage } from './paging.js';
import type { AskedWork, AuditKey, AuditRecord, AuditStore } from './auditStore.js';

type AuditDocument = AuditRecord & { _id: ObjectId; work?: AskedWork; key?: string };
type Filters = Pick<Parameters<AuditStore['list']>[0], 'project' | 'resource' | 'action'>;

export const AuditIndex = {
  byTime: 'at_-1__id_-1',
  byProject: 'project_1_at_-1__id_-1',
  byResource: 'resource_1_at_-1__id_-1',
  byAction: 'action_1_at_-1__id_-1',
} as const;

export async function openAudit(db: Db): Promise<AuditStore> {
  const audit = db.collection<AuditDocument>(CollectionName.audit);
  await audit.createIndex({ at: -1, _id: -1 });
  await audit.createIndex({ project: 1, at: -1, _id: -1 });
  await audit.createIndex({ resource: 1, at: -1, _id: -1 });
  await audit.createIndex({ action: 1, at: -1, _id: -1 });
  await audit.createIndex({ 'work.clusterId': 1 }, { sparse: true }, undefined);
  await audit.createIndex({ key: 1 }, { unique: true, sparse: true }, undefined);
  return {
    async appendOnce(key, record) {
      try {
        await audit.insertOne({ ...record, _id: new ObjectId(), key });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    },
    async append(record, work) {
      await audit.insertOne({
        ...{ ...record, _id: new ObjectId() },
        ...(work === undefined ? {} : { work }),
      });
    },
    async noteTaskset(tasksetId, { clusterId, generation, retries }) {
      const waiting = {
        'work.clusterId': clusterId,
        'work.generation': { $lte: generation },
        'work.retries': { $lte: retries },
      };
      // Without its work no later taskset takes it for its own.
      await audit.updateMany(waiting, { $set: { tasksetId }, $unset: { work: '' } });
    },
    async list({ after, limit, offset, ...filters }) {
      const query = {
        ...{ ...auditQuery(filters), sort: { at: -1, _id: -1 } as const },
        ...(after === undefined ? {} : { after: earlier(after) }),
      };
      const page = { limit, ...(offset === undefined ? {} : { offset }) };
      const { found, count, more } = await readPage(audit, query, page);
      const last = found.at(-1);
      return {
        ...{
          items: found.map(({ _id, work: _work, key: _key, ...record }) => record),
          count,
          more,
        },
        ...(last === undefined ? {} : { last: { at: last.at, id: last._id.toHexString() } }),
      };
    },
  };
}

/** The query of a list, and the index that it walks. */
export function auditQuery({ project, resource, action }: Filters): {
  filter: Filter<AuditDocument>;
  hint: string;
} {
  const named = nameCondition(resource);
  return {
    filter: {
      ...(project === undefined ? {} : { project }),
      ...(named === undefined ? {} : { resource: named }),
      ...(action === undefined ? {} : { action }),
    },
    hint: hintOf({ project, resource, action }),
  };
}

function hintOf(filters: { [Key in keyof Filters]: Filters[Key] | undefined }): string {
  if (filters.resource !== undefined) return AuditIndex.byResource;
  if (filters.action !== undefined) return AuditIndex.byAction;
  return filters.project === undefined ? AuditIndex.byTime : AuditIndex.byProject;
}

/** Many are of one millisecond: among those, the ones that were written before. */
function earlier({ at, id }: AuditKey): Filter<AuditDocument> {
  return {
    at: { $lte: at },
    $or: [{ at: { $lt: at } }, { _id: { $lt: ObjectId.createFromHexString(id) } }],
  };
}
