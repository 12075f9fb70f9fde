import { ActivityCancellationDetails } from '@temporalio/common';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import { cancelled } from '../machine/failures.js';
import { classified } from './failure.js';

/** What an activity fails with whose call to a machine is given up when it is cancelled. */
async function failureOf(
  details: Parameters<typeof ActivityCancellationDetails.fromProto>[0],
  error: Error = cancelled('m1'),
): Promise<unknown> {
  const environment = new MockActivityEnvironment();
  const { call } = classified({
    call: async () => {
      environment.cancel('CANCELLED', ActivityCancellationDetails.fromProto(details));
      await environment.context.cancelled.catch(() => undefined);
      throw error;
    },
  });
  return environment.run(call).then(
    () => undefined,
    (failure: unknown) => failure,
  );
}

describe('an activity', () => {
  it('that a person cancels is cancelled for Temporal, too: what was half done is taken back', async () => {
    expect(await failureOf({ isCancelled: true })).toBeInstanceOf(CancelledFailure);
  });

  it('whose worker shuts down goes on in another worker: it has not failed', async () => {
    expect(await failureOf({ isWorkerShutdown: true })).toBeInstanceOf(CancelledFailure);
  });

  it('that fails by itself while it is cancelled has failed', async () => {
    const failure = await failureOf({ isCancelled: true }, new AppError(ErrorCode.StepFailed, 'x'));
    expect(failure).toBeInstanceOf(ApplicationFailure);
  });

  it('fails with the class of its error', async () => {
    const { call } = classified({
      call: () => Promise.reject(new AppError(ErrorCode.AuthFailed, 'no')),
    });
    await expect(new MockActivityEnvironment().run(call)).rejects.toMatchObject({
      ...{ type: 'AuthFailed', nonRetryable: true },
    });
  });
});
