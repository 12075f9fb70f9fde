import { expect, it } from 'vitest';

import type { NodeStepRecord } from '../core/records.js';
import { attemptOf, isFirstRun } from './attempt.js';

const record: NodeStepRecord = {
  ...{ state: 'running', tasksetId: 't1', operation: 'ClusterUpgrade', operationIndex: 0 },
  ...{ attempt: 2, startedAt: 5 },
};

it.each([
  ['nothing is recorded', undefined, 't1', 0, 1],
  ['the record is of an older taskset', record, 't2', 0, 1],
  ['the operation goes on', record, 't1', 0, 2],
  ['the operation goes on after a run that has ended', { ...record, spent: true }, 't1', 0, 3],
  ['the record is of the operation before', record, 't1', 1, 3],
  ['the run of the operation before has ended', { ...record, spent: true }, 't1', 1, 3],
  ['a run has ended in an older taskset', { ...record, spent: true }, 't2', 0, 1],
] as const)('the attempt where %s', (_, previous, tasksetId, operationIndex, attempt) => {
  expect(attemptOf(previous, { tasksetId, operationIndex }).attempt).toBe(attempt);
});

it('begins when its first run did', () => {
  expect(attemptOf(record, { tasksetId: 't1', operationIndex: 0 }).startedAt).toBe(5);
});

it.each([
  ['nothing is recorded', undefined, 't1', 1, true],
  ['the record is of an older taskset', record, 't2', 1, true],
  ['it has begun before', record, 't1', 1, false],
  ['its activity is tried again', undefined, 't1', 2, false],
] as const)('whether a run is the first where %s', (_, previous, tasksetId, attempt, is) => {
  expect(isFirstRun(previous, { tasksetId }, attempt)).toBe(is);
});
