import { streamSSE, type SSEStreamingApi } from 'hono/streaming';

import { principalOf, stoppingOf, type ApiContext } from './env.js';
import { createMailbox } from './mailbox.js';
import { openStream } from './requestLimits.js';

/** Proxies cut connections that say nothing for a minute. */
const SIGN_OF_LIFE_MS = 15_000;

interface StreamOptions<News extends object> {
  /** Calls `listener` with what is new; a slow reader gets the newest only. Until the returned function is called. */
  follow: (listener: (news: News) => void) => () => void;
  /** Writes what the news are about, as long as `mayGoOn` where that is a lot. True: the stream ends. */
  tell: (stream: SSEStreamingApi, news: News, mayGoOn: () => Promise<boolean>) => Promise<boolean>;
}

/**
 * Answers with server-sent events until what is followed has ended, the key is revoked, the session is over, the client
 * leaves or the server stops.
 */
export function eventStream<News extends object>(
  c: ApiContext,
  { follow, tell }: StreamOptions<News>,
): Response {
  const stopping = stoppingOf(c);
  const close = openStream(c, principalOf(c).keyId);
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const mailbox = createMailbox<News>();
    const unfollow = follow((news) => mailbox.put(news));
    const end = (): void => mailbox.end();
    stream.onAbort(end);
    stopping?.addEventListener('abort', end, { once: true });
    if (stopping?.aborted === true) end();
    const mayGoOn = async (): Promise<boolean> =>
      !stream.aborted && stopping?.aborted !== true && (await opensStill(c));
    const signOfLife = async (): Promise<void> => {
      if (await opensStill(c)) await stream.write(': alive\n\n');
      else end();
    };
    const alive = setInterval(() => void signOfLife(), SIGN_OF_LIFE_MS);
    try {
      for (;;) {
        const news = await mailbox.take();
        // A key that was revoked since sees no more.
        if (news === undefined || !(await mayGoOn())) return;
        if (await tell(stream, news, mayGoOn)) return;
      }
    } finally {
      clearInterval(alive);
      close();
      unfollow();
      stopping?.removeEventListener('abort', end);
    }
  });
}

/**
 * Whether who opened a stream may go on reading it: the key is not revoked, a session at the console not over. Where the
 * database does not say so, they may not: a watcher that is let go comes back by itself.
 */
async function opensStill(c: ApiContext): Promise<boolean> {
  const { store, log } = c.var.deps;
  const session = c.get('session');
  try {
    const [key, held] = await Promise.all([
      store.apiKeys.get(principalOf(c).keyId),
      session === undefined ? true : store.sessions.get(session.id),
    ]);
    return key !== undefined && key.revokedAt === undefined && held !== undefined;
  } catch (error) {
    log.warn({ err: error }, 'key of a watcher not read');
    return false;
  }
}
