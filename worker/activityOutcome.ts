import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/** How an attempt at an activity ended, in bounded words. */
export type ActivityOutcome = 'done' | 'skipped' | 'failed' | 'interrupted' | 'cancelled';

/** `interrupted`: there will be another attempt, as after a lost connection. `code`: the error's class. */
export interface ActivityEnd {
  outcome: ActivityOutcome;
  code?: string;
}

export function endOfResult(result: unknown): ActivityEnd {
  const said = (result as { outcome?: unknown } | null | undefined)?.outcome;
  return { outcome: said === 'skipped' ? 'skipped' : 'done' };
}

export function endOfError(error: unknown): ActivityEnd {
  if (error instanceof CancelledFailure) return { outcome: 'cancelled' };
  if (!(error instanceof ApplicationFailure)) return { outcome: 'failed', code: 'Internal' };
  const outcome = error.nonRetryable === true ? 'failed' : 'interrupted';
  return { outcome, code: error.type ?? 'Internal' };
}
