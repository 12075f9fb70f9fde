import { CancelledFailure, Context } from '@temporalio/activity';

import { AppError, ErrorCode } from '../core/errors.js';

/** A person, or a deletion, asked for it: not a worker that shuts down, whose work another one goes on with. */
export function isRequestedCancel(activity = Context.current()): boolean {
  return activity.cancellationDetails?.cancelRequested === true;
}

/** For a script that a requested cancel waits for: aborts only where the worker lets go of it. */
export function signalOfShutdown(): AbortSignal {
  const activity = Context.current();
  const { cancellationSignal: signal } = activity;
  const shutdown = new AbortController();
  // The worker calls it, not the activity: outside there is no current one, and what is thrown ends the process.
  const abort = (): void => {
    if (!isRequestedCancel(activity)) shutdown.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return shutdown.signal;
}

/**
 * What Temporal takes for a cancel where a call to a machine was given up because the activity was cancelled; undefined for any other error.
 * A requested one ends the step; one of a worker that shuts down has it go on in another worker.
 */
export function cancellationBehind(error: unknown): CancelledFailure | undefined {
  if (!(error instanceof AppError) || error.code !== ErrorCode.Cancelled) return undefined;
  const signal: { aborted: boolean; reason: unknown } = Context.current().cancellationSignal;
  return signal.aborted && signal.reason instanceof CancelledFailure ? signal.reason : undefined;
}
