import type { Condition } from './cluster.js';
import { ConditionStatus, ConditionType } from './words.js';

/** In the order in which a cluster reaches them. */
const ORDER: readonly ConditionType[] = Object.values(ConditionType);

/** Reasons on success, in the seed's words. */
export const SuccessReason: Readonly<Record<ConditionType, string>> = {
  [ConditionType.Register]: 'registered',
  [ConditionType.Approve]: 'approved',
  [ConditionType.CheckIn]: 'checked in',
  [ConditionType.NodeSync]: 'all nodes synced',
  [ConditionType.NamespaceSync]: 'all namespaces synced',
  [ConditionType.BlueprintSync]: 'all tasks/workloads synced',
  [ConditionType.Ready]: 'blueprint synced',
};

/** The conditions of a cluster that was just applied: nothing is known yet. */
export function initialConditions(at: string): Condition[] {
  return ORDER.filter((type) => type !== ConditionType.Approve).map((type) => ({
    type,
    status: ConditionStatus.Unknown,
    reason: 'waiting',
    lastUpdated: at,
  }));
}

/** What is desired is what is applied: nothing that an earlier attempt said is left. */
export function fulfilledConditions(conditions: readonly Condition[], at: string): Condition[] {
  const known = conditions.length === 0 ? initialConditions(at) : conditions;
  return known.reduce<Condition[]>(
    (list, { type }) =>
      withCondition(list, { type, status: ConditionStatus.True, reason: SuccessReason[type] }, at),
    [...known],
  );
}

/** The list with one condition set; the time moves only when its status or reason does. */
export function withCondition(
  conditions: readonly Condition[],
  set: Omit<Condition, 'lastUpdated'>,
  at: string,
): Condition[] {
  const old = conditions.find((condition) => condition.type === set.type);
  const same = old?.status === set.status && old.reason === set.reason;
  const next = same ? old : { ...set, lastUpdated: at };
  return [...conditions.filter((condition) => condition.type !== set.type), next].toSorted(
    (a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type),
  );
}
