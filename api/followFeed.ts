import { streamSSE, type SSEMessage } from 'hono/streaming';

import { principalOf, stoppingOf, type ApiContext } from './env.js';
import { createMailbox } from './mailbox.js';
import { openStream } from './requestLimits.js';
import { opensStill, SIGN_OF_LIFE_MS } from './streams.js';

/** What is there at one moment. The id is the same exactly when what is to be seen is. */
interface Moment {
  id: string;
}

interface FollowOptions<T extends Moment> {
  /** Calls `listener` with what is there now, and again whenever it changes; undefined: it is gone. */
  follow: (listener: (moment: T | undefined) => void) => () => void;
  /** The event for what is there now; `last` is the id of the event before. */
  event: (moment: T, last: string | undefined) => SSEMessage;
  /** The last event, when it is gone. */
  gone: SSEMessage;
}

/**
 * Answers with server-sent events until what is followed is gone, the key is revoked, the client leaves or the server
 * stops. A client that comes back with `Last-Event-ID` gets nothing until there is something new.
 */
export function followFeed<T extends Moment>(c: ApiContext, options: FollowOptions<T>): Response {
  const stopping = stoppingOf(c);
  const close = openStream(c, principalOf(c).keyId);
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const news = createMailbox<{ moment: T | undefined }>();
    const unfollow = options.follow((moment) => news.put({ moment }));
    const end = (): void => news.end();
    stream.onAbort(end);
    stopping?.addEventListener('abort', end, { once: true });
    if (stopping?.aborted === true) end();
    const signOfLife = async (): Promise<void> => {
      if (await opensStill(c)) await stream.write(': alive\n\n');
      else end();
    };
    const alive = setInterval(() => void signOfLife(), SIGN_OF_LIFE_MS);
    try {
      let last = c.req.header('last-event-id');
      for (;;) {
        const next = await news.take();
        // A key that was revoked since sees no more.
        if (next === undefined || !(await opensStill(c))) return;
        if (next.moment === undefined) {
          await stream.writeSSE(options.gone);
          return;
        }
        if (next.moment.id === last) continue;
        await stream.writeSSE({ ...options.event(next.moment, last), id: next.moment.id });
        last = next.moment.id;
      }
    } finally {
      clearInterval(alive);
      close();
      unfollow();
      stopping?.removeEventListener('abort', end);
    }
  });
}
