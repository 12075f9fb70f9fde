import type { NodeRecord } from './records.js';
import type { OperationName } from './words.js';

/** What a node's steps came to. */
export type NodeSteps = Pick<NodeRecord, 'hostname' | 'steps'>;

/** The same, of one operation of a taskset, as it was when the operation ended or the node was forgotten. */
export interface KeptSteps extends NodeSteps {
  operationIndex: number;
}

interface OperationOf {
  tasksetId: string;
  operation: OperationName;
  operationIndex: number;
}

/** Those of a node's steps that were run last by this operation. */
export function stepsOfOperation(
  { steps }: NodeSteps,
  { tasksetId, operation, operationIndex }: OperationOf,
): NodeRecord['steps'] {
  return Object.fromEntries(
    Object.entries(steps).filter(
      ([, record]) =>
        record.tasksetId === tasksetId &&
        record.operation === operation &&
        (record.operationIndex ?? operationIndex) === operationIndex,
    ),
  );
}
