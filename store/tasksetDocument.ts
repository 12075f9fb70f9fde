import type { Db } from 'mongodb';

import type { OperationPlan } from '../core/plan.js';
import type { TasksetHead, TasksetRecord } from '../core/records.js';
import { CollectionName } from './collections.js';

/** A taskset as it lies in the database: plan and spec, which are only ever read whole, as JSON text. */
export interface TasksetDocument extends Omit<TasksetRecord, 'id' | 'plan'> {
  _id: string;
  plan: string;
  /** Read by itself only: it is large. */
  spec?: string;
}

export function tasksetRecord(document: TasksetDocument): TasksetRecord {
  return { ...tasksetHead(document), plan: JSON.parse(document.plan) as OperationPlan[] };
}

/** Of a document that may have been read without its plan. */
export function tasksetHead(
  document: Omit<TasksetDocument, 'plan'> & { plan?: string },
): TasksetHead {
  const { _id: id, plan: _plan, spec: _spec, ...rest } = document;
  return { id, ...rest };
}

/** Enough for the tasksets that are at work in one process. */
const REMEMBERED = 1_000;

/**
 * A taskset's place among those of its cluster; undefined when it is not there. It never changes, and each step
 * of each node asks for it: what was found once is remembered.
 */
export function sequencesOf(
  db: Db,
): (clusterId: string, tasksetId: string) => Promise<number | undefined> {
  const tasksets = db.collection<TasksetDocument>(CollectionName.tasksets);
  const known = new Map<string, number>();
  return async (clusterId, tasksetId) => {
    const key = `${clusterId}/${tasksetId}`;
    const sequence =
      known.get(key) ??
      (await tasksets.findOne({ _id: tasksetId, clusterId }, { projection: { sequence: 1 } }))
        ?.sequence;
    if (sequence === undefined) return undefined;
    known.set(key, sequence);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return sequence;
  };
}
