import { Context } from '@temporalio/activity';

/** Well under the 30 s after which the server gives the activity to another worker. */
const EVERY_MS = 5_000;

/** Tells Temporal that the work is alive for as long as it is: cancellation comes back the same way. */
export async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => {
    context.heartbeat();
  }, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
