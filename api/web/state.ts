import type { ClusterRecord, TasksetRecord } from '../../core/records.js';
import { ConsoleState } from '../../core/consoleModel.js';
import {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  TasksetStatus,
} from '../../core/words.js';

/** A cluster's state in one word, and why. `taskset` is its newest. */
export function consoleState(
  record: ClusterRecord,
  taskset: Pick<TasksetRecord, 'status'> | undefined,
): { state: ConsoleState; reason: string; at: string } {
  const { conditionStatus, reason, lastUpdated } = record.commonStatus;
  const at = new Date(lastUpdated.seconds * 1000 + lastUpdated.nanos / 1e6).toISOString();
  if (conditionStatus === CommonConditionStatus.Failed) {
    return { state: ConsoleState.Failed, reason, at };
  }
  if (record.deleting) return { state: ConsoleState.Deleting, reason, at };
  if (conditionStatus !== CommonConditionStatus.Ok) {
    const works = taskset?.status === TasksetStatus.InProgress;
    return { state: works ? ConsoleState.Working : ConsoleState.Waiting, reason, at };
  }
  const ready = record.conditions.find(({ type }) => type === ConditionType.Ready);
  if (ready?.status === ConditionStatus.False) {
    return { state: ConsoleState.Degraded, reason: ready.reason, at: ready.lastUpdated ?? at };
  }
  return { state: ConsoleState.Ready, reason, at };
}
