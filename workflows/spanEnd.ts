import { CancelledFailure, ContinueAsNew, TemporalFailure } from '@temporalio/workflow';

import { failureType, rootFailure } from './failures.js';

/** How the span of a run ends. Undefined: it goes on, for Temporal tries what is no failure of a workflow again. */
export function endOf(error: unknown): { errorType?: string } | undefined {
  if (error === undefined || error instanceof ContinueAsNew) return {};
  if (!(error instanceof TemporalFailure)) return undefined;
  if (rootFailure(error) instanceof CancelledFailure) return { errorType: 'Cancelled' };
  return { errorType: failureType(error) ?? 'Internal' };
}
