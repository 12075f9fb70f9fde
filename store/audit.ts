import { ObjectId } from 'mongodb';
import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import type { AuditRecord, AuditStore } from './types.js';

export async function openAudit(db: Db): Promise<AuditStore> {
  const audit = db.collection<AuditRecord & { _id: ObjectId }>(CollectionName.audit);
  await audit.createIndex({ at: -1 });
  await audit.createIndex({ project: 1, at: -1 });
  return {
    async append(record) {
      await audit.insertOne({ ...record, _id: new ObjectId() });
    },
    async list({ limit, offset, project }) {
      const filter = project === undefined ? {} : { project };
      const [count, items] = await Promise.all([
        audit.countDocuments(filter),
        limit < 1
          ? []
          : audit
              .find(filter)
              .sort({ at: -1, _id: -1 })
              .skip(offset)
              .limit(limit)
              .project<AuditRecord>({ _id: 0 })
              .toArray(),
      ]);
      return { count, items };
    },
  };
}
