import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  isCancellation,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';

import { ErrorCode, type StepFailure } from '../core/errors.js';
import { failureText } from '../core/failureText.js';

const STOPPED = 'stopped by request';

/** Stopped by request, at this step, of this node if it is about one; or before it, where it was the next one. */
export function stoppedAt(
  at: Pick<StepFailure, 'step'> & { node?: string },
  { begun }: { begun: boolean },
): ApplicationFailure {
  return ApplicationFailure.create({
    type: ErrorCode.Cancelled,
    nonRetryable: true,
    message: begun ? STOPPED : `${STOPPED} before it began`,
    details: [at],
  });
}

/** The failure at the bottom, whatever Temporal wrapped it in. */
export function rootFailure(error: unknown): unknown {
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) {
    return error.cause === undefined ? error : rootFailure(error.cause);
  }
  return error;
}

/** The class an activity or child failed with; undefined when it was none of ours. */
export function failureType(error: unknown): string | undefined {
  const root = rootFailure(error);
  return root instanceof ApplicationFailure ? (root.type ?? undefined) : undefined;
}

export function isTerminated(error: unknown): boolean {
  return rootFailure(error) instanceof TerminatedFailure;
}

/** Somebody asked for it: nothing has failed. */
export function isStopped(error: unknown): boolean {
  return isCancellation(error) || failureType(error) === ErrorCode.Cancelled;
}

/** In words for people: node, step, command, exit code, last lines, what to do. */
export function describeFailure(error: unknown): string {
  const { message, failure } = failureOf(error);
  return failureText(message, failure);
}

/** The same of this node, which it names once. */
export function describeNodeFailure(hostname: string, error: unknown): string {
  const text = describeFailure(error);
  return failureOf(error).failure.node === hostname ? text : `${hostname}: ${text}`;
}

/** The same in its parts. */
export function failureOf(error: unknown): { message: string; failure: Partial<StepFailure> } {
  const root = rootFailure(error);
  if (root instanceof ApplicationFailure) {
    return { message: root.message, failure: root.details?.[0] ?? {} };
  }
  if (root instanceof CancelledFailure) return { message: STOPPED, failure: {} };
  if (root instanceof TimeoutFailure) return { message: 'no answer in time', failure: {} };
  return { message: root instanceof Error ? root.message : String(root), failure: {} };
}
