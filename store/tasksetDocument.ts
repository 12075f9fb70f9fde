import type { Db } from 'mongodb';

import type { OperationPlan } from '../core/plan.js';
import type { TasksetRecord } from '../core/records.js';
import { CollectionName } from './collections.js';

/** A taskset as it lies in the database: the plan, which is only ever read whole, as JSON text. */
export interface TasksetDocument extends Omit<TasksetRecord, 'id' | 'plan'> {
  _id: string;
  plan: string;
}

export function tasksetRecord(document: TasksetDocument): TasksetRecord {
  const { _id: id, plan, ...rest } = document;
  return { id, ...rest, plan: JSON.parse(plan) as OperationPlan[] };
}

/** A taskset's place among those of its cluster; undefined when it is not there (any more). */
export async function sequenceOf(
  db: Db,
  clusterId: string,
  tasksetId: string,
): Promise<number | undefined> {
  const found = await db
    .collection<TasksetDocument>(CollectionName.tasksets)
    .findOne({ _id: tasksetId, clusterId }, { projection: { sequence: 1 } });
  return found?.sequence;
}
