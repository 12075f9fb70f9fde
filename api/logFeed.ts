import type { Store } from '../store/types.js';
import { createFeed, type Feed } from './feed.js';

/** How far a taskset's output has come. */
export interface LogMoment {
  id: string;
  /** It writes no more. */
  ended: boolean;
}

export type LogFeed = Feed<{ clusterId: string; tasksetId: string }, LogMoment>;

/** However many people follow a taskset, the store is asked once per interval whether there is more. */
export function createLogFeed(
  { logs, tasksets }: Pick<Store, 'logs' | 'tasksets'>,
  options: { everyMs: number; onError: (error: unknown) => void },
): LogFeed {
  return createFeed(async (of) => {
    // Asked before the lines: what was written before the end is seen.
    const ended = await tasksets.hasEnded(of.clusterId, of.tasksetId);
    return { id: `${(await logs.latest(of)) ?? ''} ${String(ended)}`, ended };
  }, options);
}
