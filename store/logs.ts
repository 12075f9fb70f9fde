import type { Db } from 'mongodb';

import type { StepLogChunk } from '../core/records.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import type { LogFilter, LogLimits, LogStore, StoredLogChunk } from './logStore.js';

interface LogDocument extends StepLogChunk {
  /** The chunk's place: writing it again changes no line. */
  _id: string;
  bytes: number;
  /** By the database's own clock, so that one cursor serves chunks of all workers. */
  storedAt: Date;
  expiresAt: Date;
}

const DAY_MS = 86_400_000;

export async function openLogs(db: Db, { days, bytesPerCluster }: LogLimits): Promise<LogStore> {
  const logs = db.collection<LogDocument>(CollectionName.logs);
  await logs.createIndex({ clusterId: 1, tasksetId: 1, node: 1, step: 1 });
  await logs.createIndex({ clusterId: 1, tasksetId: 1, storedAt: 1, _id: 1 });
  // Sizes are summed up from the index alone.
  await logs.createIndex({ clusterId: 1, tasksetId: 1, storedAt: 1, bytes: 1 });
  await logs.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }, undefined);
  return {
    async append(chunk) {
      const _id = chunkId(chunk);
      const bytes = chunk.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
      const expiresAt = new Date(Date.now() + days * DAY_MS);
      await logs.updateOne(
        { _id },
        { $setOnInsert: { ...chunk, bytes, expiresAt }, $currentDate: { storedAt: true } },
        { upsert: true },
      );
      if (!(await clusterLives(db, chunk.clusterId))) await logs.deleteOne({ _id });
    },
    async read(filter) {
      const chunks = await logs
        .find(mongoFilter(filter))
        .project<StepLogChunk>({ _id: 0, bytes: 0, storedAt: 0, expiresAt: 0 })
        .toArray();
      return inOrder(chunks);
    },
    async latest({ clusterId, tasksetId }) {
      const [newest] = await logs
        .find({ clusterId, tasksetId })
        .sort({ storedAt: -1, _id: -1 })
        .limit(1)
        .project<{ _id: string; storedAt?: Date }>({ storedAt: 1 })
        .toArray();
      return newest && `${String(newest.storedAt?.getTime())} ${newest._id}`;
    },
    async readSince(filter, after, limit) {
      const storedAt = new Date(after.storedAt);
      const chunks = await logs
        .find({
          ...mongoFilter(filter),
          storedAt: { $gte: storedAt },
          $or: [{ storedAt: { $gt: storedAt } }, { _id: { $gt: after.id } }],
        })
        .sort({ storedAt: 1, _id: 1 })
        .limit(limit)
        .project<Omit<LogDocument, 'bytes' | 'expiresAt'>>({ bytes: 0, expiresAt: 0 })
        .toArray();
      return chunks.map(({ _id, ...chunk }): StoredLogChunk => ({
        ...{ ...chunk, id: _id },
        storedAt: chunk.storedAt.getTime(),
      }));
    },
    async trim(clusterId) {
      const tasksets = await logs
        .aggregate<{ _id: string; bytes: number; newest: Date | null }>([
          { $match: { clusterId } },
          { $project: { _id: 0, tasksetId: 1, storedAt: 1, bytes: 1 } },
          {
            $group: {
              ...{ _id: '$tasksetId', bytes: { $sum: '$bytes' } },
              newest: { $max: '$storedAt' },
            },
          },
        ])
        .toArray();
      let kept = 0;
      // The newest stays, however long it is: runs are bounded by themselves.
      for (const [index, { _id, bytes }] of tasksets
        .toSorted((a, b) => (b.newest?.getTime() ?? 0) - (a.newest?.getTime() ?? 0))
        .entries()) {
        kept += bytes;
        if (index > 0 && kept > bytesPerCluster)
          await logs.deleteMany({ clusterId, tasksetId: _id });
      }
    },
  };
}

function mongoFilter({ clusterId, tasksetId, node, step, attempt }: LogFilter) {
  return {
    ...{ clusterId, tasksetId },
    ...(node === undefined ? {} : { node }),
    ...(step === undefined ? {} : { step }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

function chunkId(chunk: StepLogChunk) {
  return [chunk.clusterId, chunk.tasksetId, runOf(chunk), chunk.offset].join('/');
}

/** Run by run in the order in which they began, each by offset: workers' clocks differ, offsets do not. */
function inOrder(chunks: StepLogChunk[]): StepLogChunk[] {
  const runs = new Map<string, StepLogChunk[]>();
  for (const chunk of chunks) {
    const run = runs.get(runOf(chunk));
    if (run) run.push(chunk);
    else runs.set(runOf(chunk), [chunk]);
  }
  return [...runs.values()]
    .map((run) => run.toSorted((a, b) => a.offset - b.offset))
    .toSorted((a, b) => compare(startOf(a), startOf(b)))
    .flat();
}

function runOf({ operation, node, step, subject, attempt }: StepLogChunk): string {
  return [operation, node, step, ...(subject === undefined ? [] : [subject]), attempt].join('/');
}

function startOf(run: readonly StepLogChunk[]): string {
  const [first] = run;
  return first === undefined ? '' : `${first.at} ${runOf(first)}`;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
