import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';

import { isRequestedCancel, signalOfShutdown } from './cancellation.js';

async function whenCancelled(
  details: Parameters<typeof ActivityCancellationDetails.fromProto>[0],
): Promise<{ aborted: boolean; requested: boolean }> {
  const environment = new MockActivityEnvironment();
  return environment.run(async () => {
    const signal = signalOfShutdown();
    environment.cancel('CANCELLED', ActivityCancellationDetails.fromProto(details));
    await environment.context.cancelled.catch(() => undefined);
    return { aborted: signal.aborted, requested: isRequestedCancel() };
  });
}

describe('the signal of a script that is let finish', () => {
  it('does not abort when a person cancels the operation', async () => {
    expect(await whenCancelled({ isCancelled: true })).toEqual({ aborted: false, requested: true });
  });

  it('aborts when its worker shuts down: another one finds the run', async () => {
    expect(await whenCancelled({ isWorkerShutdown: true })).toEqual({
      aborted: true,
      requested: false,
    });
  });
});
