import type { NodeStepRecord } from '../core/records.js';
import type { OperationRef } from './refs.js';

/**
 * It is run for the first time in its taskset, and by the first attempt at its activity. Where there is no record of
 * it (one was lost, or it is a step that nodes do not remember), output that was stored may be stored once more: no step
 * depends on it.
 */
export function isFirstRun(
  previous: NodeStepRecord | undefined,
  { tasksetId }: Pick<OperationRef, 'tasksetId'>,
  activityAttempt: number,
): boolean {
  return previous?.tasksetId !== tasksetId && activityAttempt === 1;
}

/**
 * The attempt that a step is at, and when its first began. The same operation goes on with the attempt that is
 * recorded, whose run may be under way still, or takes the next where that is known to have ended; another one of the same
 * taskset (the next version of an upgrade) takes the next, so that every run and its output have a name of their own.
 */
export function attemptOf(
  previous: NodeStepRecord | undefined,
  ref: Pick<OperationRef, 'tasksetId' | 'operationIndex'>,
): { attempt: number; startedAt: number } {
  if (previous?.tasksetId !== ref.tasksetId) return { attempt: 1, startedAt: Date.now() };
  const isSame = (previous.operationIndex ?? ref.operationIndex) === ref.operationIndex;
  if (!isSame) return { attempt: previous.attempt + 1, startedAt: Date.now() };
  const { attempt, spent = false } = previous;
  return { attempt: attempt + Number(spent), startedAt: previous.startedAt ?? Date.now() };
}
