import type { SSEMessage } from 'hono/streaming';

import type { ApiContext } from './env.js';
import { eventStream } from './eventStream.js';
import type { Moment } from './feed.js';

interface FollowOptions<T extends Moment> {
  /** Calls `listener` with what is there now, and again whenever it changes; undefined: it is gone. */
  follow: (listener: (moment: T | undefined) => void) => () => void;
  /** The event for what is there now; `last` is the id of the event before. */
  event: (moment: T, last: string | undefined) => SSEMessage;
  /** The last event, when it is gone; absent: it is never gone. */
  gone?: SSEMessage;
}

/** An event for each moment of a feed. A client that comes back with `Last-Event-ID` gets nothing until there is something new. */
export function followFeed<T extends Moment>(c: ApiContext, options: FollowOptions<T>): Response {
  let last = c.req.header('last-event-id');
  return eventStream<{ moment: T | undefined }>(c, {
    follow: (listener) => options.follow((moment) => listener({ moment })),
    async tell(stream, { moment }) {
      if (moment === undefined) {
        if (options.gone !== undefined) await stream.writeSSE(options.gone);
        return true;
      }
      if (moment.id !== last) {
        await stream.writeSSE({ ...options.event(moment, last), id: moment.id });
        last = moment.id;
      }
      return false;
    },
  });
}
