import { expect, test } from 'vitest';

import type { NodeStepRecord } from '../../core/records.js';
import { OperationStatus } from '../../core/words.js';
import { nodeRecord, tasksetRecord } from '../../test/api/records.js';
import { fixtureNode } from '../../test/fixtures/cluster.js';
import { consoleTaskset, stepPlace } from './timeline.js';

const taskset = tasksetRecord();
const [creation, sync] = taskset.operations;
/** The creation has succeeded; of its steps the node knows one, and the sync has not begun. */
const between = tasksetRecord({
  operations: [{ ...creation!, status: OperationStatus.Success }, sync!],
});
const claim: NodeStepRecord = {
  ...{ state: 'done', tasksetId: taskset.id, operation: 'ClusterCreation', attempt: 1 },
  operationIndex: 0,
};
const nodes = [nodeRecord(fixtureNode(1), { steps: { claim } })];

test('a taskset stands at what is to come, not at steps of an operation that has succeeded', () => {
  const { operations, total } = consoleTaskset(between, { nodes, kept: [] }, undefined);
  const before = operations[0]?.steps.length ?? 0;
  expect(before).toBeGreaterThan(1);
  expect(stepPlace(between, nodes)).toMatchObject({ number: before + 1, total });
});
