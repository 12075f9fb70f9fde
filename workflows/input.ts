import type { OperationRef } from '../activities/refs.js';
import type { OperationPlan } from '../core/plan.js';
import type { NodePath } from '../core/steps.js';

/** Input of every operation workflow. */
export interface OperationInput {
  ref: OperationRef;
  plan: OperationPlan;
}

/** Input of one node's workflow. */
export interface NodeInput {
  ref: OperationRef;
  hostname: string;
  path: NodePath;
}
