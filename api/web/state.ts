import { ClusterState, clusterState } from '../../core/clusterState.js';
import type { ClusterRecord, TasksetRecord } from '../../core/records.js';
import { ConsoleState } from '../../core/consoleModel.js';
import { ConditionType, TasksetStatus } from '../../core/words.js';

const WORDS: Readonly<Record<ClusterState, ConsoleState>> = {
  [ClusterState.Ready]: ConsoleState.Ready,
  [ClusterState.Degraded]: ConsoleState.Degraded,
  [ClusterState.Working]: ConsoleState.Working,
  [ClusterState.Failed]: ConsoleState.Failed,
  [ClusterState.Deleting]: ConsoleState.Deleting,
};

/** The console's word for a state. `taskset` is the newest: what is asked for waits until it is at work. */
export function consoleWord(
  state: ClusterState,
  taskset: Pick<TasksetRecord, 'status'> | undefined,
): ConsoleState {
  const waits = state === ClusterState.Working && taskset?.status !== TasksetStatus.InProgress;
  return waits ? ConsoleState.Waiting : WORDS[state];
}

/** A cluster's state in one word, why, and since when. `taskset` is its newest. */
export function consoleState(
  record: ClusterRecord,
  taskset: Pick<TasksetRecord, 'status'> | undefined,
): { state: ConsoleState; reason: string; at: string } {
  const { state, reason } = clusterState(record);
  const { seconds, nanos } = record.commonStatus.lastUpdated;
  const at = new Date(seconds * 1000 + nanos / 1e6).toISOString();
  const ready = record.conditions.find(({ type }) => type === ConditionType.Ready);
  const since = state === ClusterState.Degraded ? (ready?.lastUpdated ?? at) : at;
  return { state: consoleWord(state, taskset), reason, at: since };
}
