import { Binary } from 'mongodb';
import type { Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { mapSlice, readPage } from './paging.js';
import { timestamp } from './timestamps.js';
import type { SnapshotRecord, SnapshotStore } from './snapshotStore.js';

interface SnapshotDocument extends Omit<SnapshotRecord, 'id'> {
  /** `cluster/id`. */
  _id: string;
  id: string;
}

interface ChunkDocument {
  /** `cluster/id/index`: writing it again changes nothing. */
  _id: string;
  clusterId: string;
  snapshot: string;
  index: number;
  sealed: Binary;
}

export async function openSnapshots(db: Db): Promise<SnapshotStore> {
  const snapshots = db.collection<SnapshotDocument>(CollectionName.snapshots);
  const chunks = db.collection<ChunkDocument>(CollectionName.snapshotChunks);
  await snapshots.createIndex({ clusterId: 1, createdAt: -1, id: -1 });
  await chunks.createIndex({ clusterId: 1, snapshot: 1, index: 1 });
  const dropChunks = async (clusterId: string, id: string): Promise<void> => {
    await chunks.deleteMany({ clusterId, snapshot: id });
  };
  return {
    async begin(record) {
      const { clusterId, id } = record;
      const _id = snapshotId(clusterId, id);
      const known = await snapshots.findOne({ _id });
      // Of another file, which an attempt on another machine made: nothing of it can be gone on with.
      if (known?.packedSha256 !== record.packedSha256) await dropChunks(clusterId, id);
      await snapshots.replaceOne({ _id }, { ...record, complete: false }, { upsert: true });
      if (await clusterLives(db, clusterId)) return;
      await dropChunks(clusterId, id);
      await snapshots.deleteOne({ _id });
      throw new AppError(ErrorCode.NotFound, `there is no cluster ${clusterId} any more`);
    },
    async putChunk(clusterId, id, { index, sealed }) {
      const _id = `${snapshotId(clusterId, id)}/${String(index)}`;
      await chunks.replaceOne(
        { _id },
        { clusterId, snapshot: id, index, sealed: new Binary(sealed) },
        { upsert: true },
      );
    },
    async chunkCount(clusterId, id) {
      return chunks.countDocuments({ clusterId, snapshot: id });
    },
    async getChunk(clusterId, id, index) {
      const _id = `${snapshotId(clusterId, id)}/${String(index)}`;
      const found = await chunks.findOne({ _id });
      return found === null ? undefined : bytesOf(found.sealed);
    },
    async complete(clusterId, id) {
      await snapshots.updateOne(
        { _id: snapshotId(clusterId, id) },
        { $set: { complete: true, completedAt: timestamp() } },
      );
      // Removed meanwhile: nothing of it may stay.
      if (!(await clusterLives(db, clusterId))) await dropChunks(clusterId, id);
    },
    async get(clusterId, id) {
      const found = await snapshots.findOne({ _id: snapshotId(clusterId, id) });
      return found === null ? undefined : snapshotRecord(found);
    },
    async list(clusterId, { after, ...page }) {
      const query = {
        filter: { clusterId, complete: true },
        sort: { createdAt: -1, id: -1 } as const,
        ...(after === undefined
          ? {}
          : {
              after: {
                $or: [
                  { createdAt: { $lt: after.createdAt } },
                  { createdAt: after.createdAt, id: { $lt: after.id } },
                ],
              },
            }),
      };
      return mapSlice(await readPage(snapshots, query, page), snapshotRecord);
    },
    async all(clusterId) {
      const found = await snapshots.find({ clusterId }).sort({ createdAt: -1, id: -1 }).toArray();
      return found.map(snapshotRecord);
    },
    async remove(clusterId, id) {
      // The record goes first: what is shown can be restored.
      const { deletedCount } = await snapshots.deleteOne({ _id: snapshotId(clusterId, id) });
      await dropChunks(clusterId, id);
      return deletedCount > 0;
    },
  };
}

function snapshotId(clusterId: string, id: string): string {
  return `${clusterId}/${id}`;
}

function snapshotRecord({ _id, ...record }: SnapshotDocument): SnapshotRecord {
  return record;
}

function bytesOf(value: Binary | Uint8Array): Buffer {
  return Buffer.from(value instanceof Binary ? value.value() : value);
}
