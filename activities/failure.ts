import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

import { AppError, ErrorCode } from '../core/errors.js';
import { cancellationBehind } from './cancellation.js';

/** The one place where an error becomes what workflows branch on: `type` is the AppError's code. */
export function toApplicationFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known =
    error instanceof AppError
      ? error
      : new AppError(ErrorCode.Internal, error instanceof Error ? error.message : String(error), {
          cause: error,
        });
  // What a machine came to is told by the details: where in plinth it was noticed helps nobody who reads it in Temporal's UI.
  const isOfMachine = known.failure !== undefined;
  const cause = isOfMachine ? known.cause : error;
  const failure = ApplicationFailure.create({
    message: known.message,
    type: known.code,
    nonRetryable: !known.retryable,
    details: [known.failure ?? {}, known.problems],
    ...(cause instanceof Error ? { cause } : {}),
  });
  if (isOfMachine) failure.stack = '';
  return failure;
}

/** Wraps every activity so that none throws anything but a failure with a class. */
export function classified<T extends Record<string, (...args: never[]) => Promise<unknown>>>(
  activities: T,
): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (...args: never[]) => {
      try {
        return await run(...args);
      } catch (error) {
        throw cancellationBehind(error) ?? toApplicationFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
