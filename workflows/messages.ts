import { defineSignal } from '@temporalio/workflow';

import { CANCEL_SIGNAL, CHANGED_SIGNAL, type SignalOrigin } from '../core/clusterWorkflow.js';
import type { Gate, StepName } from '../core/steps.js';

/** The desired state in the store moved. */
export const changedSignal = defineSignal<[SignalOrigin?]>(CHANGED_SIGNAL);
/** A person asked the running operation to end. */
export const cancelSignal = defineSignal<[SignalOrigin?]>(CANCEL_SIGNAL);

/** To a node: go on past a gate, or give up waiting for it because of what happened elsewhere. */
export const gateSignal = defineSignal<[GateMessage]>('gate');
export interface GateMessage {
  gate: Gate;
  /** Why it will never open. */
  blockedBy?: string;
}

/** From a node to its operation: it stands before a gate, or it has done a step others wait for. */
export const progressSignal = defineSignal<[ProgressMessage]>('progress');
export type ProgressMessage =
  | { hostname: string; event: 'waiting'; gate: Gate }
  | { hostname: string; event: 'done'; step: StepName };
