import type { Collection, Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { OperationStatus } from '../core/words.js';
import { batched } from './batched.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { createFrozenSpecs } from './frozenSpecs.js';
import { latestTasksets } from './latestTasksets.js';
import { notedTasksets, noteNewest } from './newestTaskset.js';
import { mapSlice, readPage } from './paging.js';
import { tasksetHead, tasksetRecord } from './tasksetDocument.js';
import type { TasksetDocument } from './tasksetDocument.js';
import { timestamp } from './timestamps.js';
import type { TasksetStore } from './tasksetStore.js';

/** Half a megabyte for a thousand nodes, and status reads ten tasksets. */
const WITHOUT_SPEC = { projection: { spec: 0 } } as const;
const BY_SEQUENCE = 'clusterId_1_sequence_-1';
const NOT_ENDED: readonly OperationStatus[] = [OperationStatus.Pending, OperationStatus.InProgress];

export async function openTasksets(db: Db): Promise<TasksetStore> {
  const tasksets = db.collection<TasksetDocument>(CollectionName.tasksets);
  await tasksets.createIndex({ clusterId: 1, sequence: -1 }, { unique: true }, undefined);
  const latest = latestTasksets(tasksets, WITHOUT_SPEC);
  const noted = notedTasksets(tasksets);
  const byId = batched(async (ids) => {
    const found = await tasksets.find({ _id: { $in: ids } }, WITHOUT_SPEC).toArray();
    return new Map(found.map((one) => [one._id, one]));
  });
  const specs = createFrozenSpecs();
  return {
    async begin(taskset) {
      const { id, plan, spec, ...rest } = taskset;
      for (;;) {
        const known = await tasksets.findOne({ _id: id });
        if (known !== null) return tasksetRecord(known);
        const document: TasksetDocument = {
          ...rest,
          _id: id,
          plan: JSON.stringify(plan),
          ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
          sequence: 1 + (await lastSequence(tasksets, taskset.clusterId)),
          createdAt: timestamp(),
        };
        await noteNewest(db, document);
        try {
          await tasksets.insertOne(document);
        } catch (error) {
          // The same taskset, or another with this sequence, came first: look again.
          if (isDuplicate(error)) continue;
          throw error;
        }
        if (await clusterLives(db, taskset.clusterId)) return tasksetRecord(document);
        await tasksets.deleteOne({ _id: id });
        throw new AppError(ErrorCode.NotFound, `there is no cluster ${taskset.clusterId} any more`);
      }
    },
    async setOperation(tasksetId, index, set) {
      const at = `operations.${String(index)}`;
      const fields = Object.entries(set).map(([key, value]) => [`${at}.${key}`, value] as const);
      if (fields.length === 0) return;
      await tasksets.updateOne(
        { _id: tasksetId, [at]: { $exists: true }, ...mayBecome(`${at}.status`, set.status) },
        { $set: Object.fromEntries(fields) },
      );
    },
    async end(tasksetId, status, comments) {
      // The first end stands: a second one is a retry of it, or came from a run that was given up.
      await tasksets.updateOne(
        { _id: tasksetId, endedAt: { $exists: false } },
        { $set: { status, comments, endedAt: timestamp() } },
      );
    },
    async spec(tasksetId) {
      const known = specs.get(tasksetId);
      if (known !== undefined) return known;
      const found = await tasksets.findOne({ _id: tasksetId }, { projection: { spec: 1 } });
      return found?.spec === undefined ? undefined : specs.put(tasksetId, found.spec);
    },
    async get(clusterId, tasksetId) {
      const found = await byId(tasksetId);
      return found?.clusterId === clusterId ? tasksetRecord(found) : undefined;
    },
    async hasEnded(clusterId, tasksetId) {
      const filter = { _id: tasksetId, clusterId, endedAt: { $exists: false } };
      return (await tasksets.findOne(filter, { projection: { _id: 1 } })) === null;
    },
    async list(clusterId, { status = [], operation, after, ...page }) {
      const filter = {
        clusterId,
        ...(status.length === 0 ? {} : { status: { $in: [...status] } }),
        ...(operation === undefined ? {} : { 'operations.name': operation }),
      };
      const query = {
        ...{ filter, sort: { sequence: -1 } as const, ...WITHOUT_SPEC },
        ...(after === undefined ? {} : { after: { sequence: { $lt: after } } }),
        ...(status.length === 0 && operation === undefined ? {} : { hint: BY_SEQUENCE }),
      };
      return mapSlice(await readPage(tasksets, query, page), tasksetRecord);
    },
    async newest(cluster) {
      return (await noted(cluster)) ?? (await latest(cluster.id, 1)).map(tasksetHead)[0];
    },
    async latest(clusterId, limit) {
      if (limit < 1) return [];
      return (await latest(clusterId, limit)).map(tasksetRecord);
    },
  };
}

async function lastSequence(
  tasksets: Collection<TasksetDocument>,
  clusterId: string,
): Promise<number> {
  const [last] = await tasksets
    .find({ clusterId }, { projection: { sequence: 1 } })
    .sort({ sequence: -1 })
    .limit(1)
    .toArray();
  return last?.sequence ?? 0;
}

/** Forwards only: a success stays one, and what has ended stays so once its taskset has ended too. */
function mayBecome(field: string, status: OperationStatus | undefined): object {
  if (status === undefined) return {};
  const open = { [field]: { $in: NOT_ENDED } };
  const running = { endedAt: { $exists: false } };
  if (status === OperationStatus.Pending) return { ...running, [field]: OperationStatus.Pending };
  if (status === OperationStatus.InProgress) {
    return { ...running, [field]: { $ne: OperationStatus.Success } };
  }
  if (status === OperationStatus.Success) return { $or: [running, open, { [field]: status }] };
  return { $or: [{ ...running, [field]: { $ne: OperationStatus.Success } }, open] };
}
