import {
  fulfilledConditions,
  initialConditions,
  SuccessReason,
  withCondition,
} from '../core/conditions.js';
import type { ConditionStatus, ConditionType } from '../core/words.js';
import type { ActivityDeps } from './deps.js';

/** Sets one condition of a cluster. A success without a reason gets the seed's words. */
export async function setCondition(
  deps: ActivityDeps,
  ref: { clusterId: string },
  set: { type: ConditionType; status: ConditionStatus; reason?: string },
): Promise<void> {
  const record = await deps.store.clusters.getById(ref.clusterId);
  if (record === undefined) return;
  const at = new Date().toISOString();
  const known = record.conditions.length === 0 ? initialConditions(at) : record.conditions;
  const reason = set.reason ?? SuccessReason[set.type];
  await deps.store.clusters.setConditions(
    ref.clusterId,
    withCondition(known, { type: set.type, status: set.status, reason }, at),
  );
}

/** All conditions of a cluster that is as it is desired. */
export async function fulfilConditions(
  deps: ActivityDeps,
  ref: { clusterId: string },
): Promise<void> {
  const record = await deps.store.clusters.getById(ref.clusterId);
  if (record === undefined) return;
  const conditions = fulfilledConditions(record.conditions, new Date().toISOString());
  await deps.store.clusters.setConditions(ref.clusterId, conditions);
}
