/** What is there at one moment; the id is the same exactly when what is to be seen is. */
export interface Moment {
  id: string;
}

/** Undefined: it is gone. */
type Listener<T> = (moment: T | undefined) => void;

export interface Feed<Of, T extends Moment> {
  /** Calls `listener` with what is there now and then whenever it changes, until the returned function is called. */
  follow(of: Of, listener: Listener<T>): () => void;
}

interface Channel<T> {
  listeners: Set<Listener<T>>;
  latest?: { moment: T | undefined };
}

/** Of the time between two looks, a look takes at most this part: what is large is looked at less often. */
const LOOK_SHARE = 0.25;

/** However many people watch a thing, the store is asked once per interval. */
export function createFeed<Of extends object, T extends Moment>(
  read: (of: Of) => Promise<T | undefined>,
  options: { everyMs: number; onError: (error: unknown) => void },
): Feed<Of, T> {
  const channels = new Map<string, Channel<T>>();

  const poll = async (key: string, of: Of): Promise<void> => {
    for (;;) {
      const channel = channels.get(key);
      if (channel === undefined) return;
      const began = performance.now();
      try {
        const moment = await read(of);
        const changed = channel.latest === undefined || channel.latest.moment?.id !== moment?.id;
        channel.latest = { moment };
        if (changed) for (const listener of channel.listeners) listener(moment);
      } catch (error) {
        // The next look may find the store there again: the stream stays open.
        options.onError(error);
      }
      if (channel.listeners.size === 0) {
        channels.delete(key);
        return;
      }
      const took = performance.now() - began;
      const wait = Math.max(options.everyMs, took * (1 / LOOK_SHARE - 1));
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };

  return {
    follow(of, listener) {
      const key = JSON.stringify(of);
      const known = channels.get(key);
      const channel: Channel<T> = known ?? { listeners: new Set() };
      channel.listeners.add(listener);
      if (known === undefined) {
        channels.set(key, channel);
        void poll(key, of);
      } else if (known.latest !== undefined) {
        listener(known.latest.moment);
      }
      return () => {
        channel.listeners.delete(listener);
      };
    },
  };
}
