import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';

import { isRequestedCancel, signalOfShutdown } from './cancellation.js';

interface Heard {
  aborted: boolean;
  requested: boolean;
}

async function whenCancelled(
  details: Parameters<typeof ActivityCancellationDetails.fromProto>[0],
): Promise<Heard> {
  const environment = new MockActivityEnvironment();
  const run: Promise<Heard> = environment.run(async () => {
    const signal = signalOfShutdown();
    await environment.context.cancelled.catch(() => undefined);
    return { aborted: signal.aborted, requested: isRequestedCancel() };
  });
  // From outside, as a worker does it.
  environment.cancel('CANCELLED', ActivityCancellationDetails.fromProto(details));
  return run;
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
