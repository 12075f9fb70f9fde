import type { Store } from '../store/types.js';

/** A taskset, as the store knows it. */
export interface LogSource {
  clusterId: string;
  tasksetId: string;
}

/** What is new: `ended` says that the taskset writes no more. */
export interface LogNews {
  ended: boolean;
}

type NewsListener = (news: LogNews) => void;

export interface LogFeed {
  /** Calls `listener` at once, when there are lines that were not there before, and when the taskset has ended, until the returned function is called. */
  follow(of: LogSource, listener: NewsListener): () => void;
}

interface Channel {
  listeners: Set<NewsListener>;
  latest?: number | undefined;
  ended: boolean;
}

/** Every so many looks at the lines there is one at the taskset. */
const LOOKS_PER_TASKSET_READ = 10;

/** However many people follow a taskset, the store is asked once per interval whether there is more. */
export function createLogFeed(
  store: Pick<Store, 'logs' | 'tasksets'>,
  options: { everyMs: number; onError: (error: unknown) => void },
): LogFeed {
  const channels = new Map<string, Channel>();

  const look = async (channel: Channel, of: LogSource, count: number): Promise<void> => {
    if (count % LOOKS_PER_TASKSET_READ === 0) {
      const taskset = await store.tasksets.get(of.clusterId, of.tasksetId);
      // Asked before the lines: what was written before the end is seen.
      channel.ended = taskset === undefined || taskset.endedAt !== undefined;
    }
    const latest = await store.logs.latest(of);
    const more = latest !== channel.latest;
    channel.latest = latest;
    if (!more && !channel.ended) return;
    for (const listener of channel.listeners) listener({ ended: channel.ended });
  };

  const poll = async (key: string, channel: Channel, of: LogSource): Promise<void> => {
    for (let count = 0; channel.listeners.size > 0; count += 1) {
      try {
        await look(channel, of, count);
      } catch (error) {
        // The next look may find the store there again: the stream stays open.
        options.onError(error);
      }
      await new Promise((resolve) => setTimeout(resolve, options.everyMs));
    }
    channels.delete(key);
  };

  return {
    follow(of, listener) {
      const key = JSON.stringify([of.clusterId, of.tasksetId]);
      const known = channels.get(key);
      const channel = known ?? { listeners: new Set(), ended: false };
      channel.listeners.add(listener);
      if (known === undefined) {
        channels.set(key, channel);
        void poll(key, channel, of);
      }
      listener({ ended: false });
      return () => {
        channel.listeners.delete(listener);
      };
    },
  };
}
