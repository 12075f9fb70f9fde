import type { OperationRef } from '../activities/refs.js';
import type { OperationPlan } from '../core/plan.js';
import type { Gate, NodePath } from '../core/steps.js';
import type { SoFar } from './anew.js';

/** Input of every operation workflow. */
export interface OperationInput {
  ref: OperationRef;
  plan: OperationPlan;
  /** It goes on where another run of the same workflow has ended, lest a history grow too long. */
  soFar?: SoFar;
  /** Machines that an earlier run could not get into, and why. */
  away?: [hostname: string, reason: string][];
}

/** An earlier run has done what comes before the nodes. */
export function isBegun(input: OperationInput): boolean {
  return input.soFar !== undefined;
}

/** Input of one node's workflow. */
export interface NodeInput {
  ref: OperationRef;
  hostname: string;
  path: NodePath;
  /** Gates that stand open when it starts: it need not ask. */
  open?: Gate[];
  /** An earlier workflow of this operation has given it what its upgrade needs. */
  prefetched?: boolean;
}
