import type { NodeStepRecord } from '../core/records.js';
import type { OperationRef } from './refs.js';

/**
 * The attempt that a step is at, and when its first began. The same operation goes on with the attempt that is
 * recorded; another one of the same taskset (the next version of an upgrade) takes the next, so that every run and
 * its output have a name of their own.
 */
export function attemptOf(
  previous: NodeStepRecord | undefined,
  ref: Pick<OperationRef, 'tasksetId' | 'operationIndex'>,
): { attempt: number; startedAt: number } {
  if (previous?.tasksetId !== ref.tasksetId) return { attempt: 1, startedAt: Date.now() };
  const isSame = (previous.operationIndex ?? ref.operationIndex) === ref.operationIndex;
  if (!isSame) return { attempt: previous.attempt + 1, startedAt: Date.now() };
  return { attempt: previous.attempt, startedAt: previous.startedAt ?? Date.now() };
}
