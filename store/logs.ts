import type { Db } from 'mongodb';

import type { StepLogChunk } from '../core/records.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import type { LogStore } from './types.js';

interface LogDocument extends StepLogChunk {
  /** The chunk's place: writing it again changes nothing. */
  _id: string;
}

export async function openLogs(db: Db): Promise<LogStore> {
  const logs = db.collection<LogDocument>(CollectionName.logs);
  await logs.createIndex({ clusterId: 1, tasksetId: 1, node: 1, step: 1 });
  return {
    async append(chunk) {
      const _id = chunkId(chunk);
      try {
        await logs.insertOne({ ...chunk, _id });
      } catch (error) {
        if (isDuplicate(error)) return;
        throw error;
      }
      if (!(await clusterLives(db, chunk.clusterId))) await logs.deleteOne({ _id });
    },
    async read({ clusterId, tasksetId, node, step }) {
      const filter = {
        ...{ clusterId, tasksetId },
        ...(node === undefined ? {} : { node }),
        ...(step === undefined ? {} : { step }),
      };
      const chunks = await logs.find(filter).project<StepLogChunk>({ _id: 0 }).toArray();
      return inOrder(chunks);
    },
  };
}

function chunkId({ clusterId, tasksetId, operation, node, step, attempt, offset }: StepLogChunk) {
  return [clusterId, tasksetId, operation, node, step, attempt, offset].join('/');
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

function runOf({ operation, node, step, attempt }: StepLogChunk): string {
  return [operation, node, step, attempt].join('/');
}

function startOf(run: readonly StepLogChunk[]): string {
  const [first] = run;
  return first === undefined ? '' : `${first.at} ${runOf(first)}`;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
