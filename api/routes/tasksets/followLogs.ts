import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';

import type { StoredLogChunk } from '../../../store/types.js';
import { principalOf, stoppingOf, type ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { errors } from '../../http/describe.js';
import type { LogNews } from '../../logFeed.js';
import { createMailbox } from '../../mailbox.js';
import { projectAccess } from '../../middleware/access.js';
import { openStream } from '../../requestLimits.js';
import { opensStill, SIGN_OF_LIFE_MS } from '../../streams.js';
import { tasksetParams } from '../../schemas/params.js';
import { CLUSTER } from '../clusters/paths.js';
import { findTaskset } from './findTaskset.js';
import { logQuery } from './logs.js';

/** Chunks that are read at a time: a reader who comes late to a thousand machines does not fill the memory. */
const PAGE = 200;
/** A chunk's time is the database's at its write, which may be seen a moment later: this far back is read again. */
const OVERLAP_MS = 1_000;

const CURSOR = /^\d{1,15}$/;

/** Each event, as a reader of the stream takes it apart. */
const eventSchema = z
  .object({
    event: z.enum(['lines', 'end']),
    id: z.string().optional().meta({ description: 'For `Last-Event-ID`. Of `lines` only.' }),
    data: z.string().meta({
      contentMediaType: 'application/json',
      description:
        'Of `lines`: `operation`, `node`, `step` and `attempt` name the run, `lines` are what it wrote next, `offset` is where that ends in ' +
        'its output, in bytes, `at` when they were read. Of `end`: `taskset`.',
    }),
  })
  .meta({ id: 'LogEvent' });

const EXAMPLE = {
  ...{ operation: 'ClusterCreation', node: 'ap-node1', step: 'kubeadm-init', attempt: 1 },
  ...{ offset: 42, at: '2026-11-24T08:24:01.100Z' },
  lines: ['[init] Using Kubernetes version: v1.34.4'],
};

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets/{id}/logs/events`,
  operationId: 'followTasksetLogs',
  summary: "What the steps' scripts write, as server-sent events",
  description:
    'An event `lines` for everything so far and then for whatever comes, within a quarter of a second of its being stored; an ' +
    'event `end` once the taskset has ended, after which the stream ends. A client that comes back with `Last-Event-ID` goes on there; it may ' +
    'get the lines of the last second again: of one run, `offset` only grows.',
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: tasksetParams, query: logQuery },
  responses: {
    200: {
      description: 'The stream',
      content: {
        'text/event-stream': {
          schema: eventSchema,
          example: { event: 'lines', id: '1795507441100', data: JSON.stringify(EXAMPLE) },
        },
      },
    },
    ...errors(400, 401, 403, 404),
  },
});

export function followTasksetLogs(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { logFeed } = c.var;
    const { logs } = c.var.deps.store;
    const { cluster, taskset } = await findTaskset(c, c.req.valid('param'));
    const source = { clusterId: cluster.id, tasksetId: taskset.id };
    const filter = { ...source, ...defined(c.req.valid('query')) };
    const seen = c.req.header('last-event-id') ?? '';
    const stopping = stoppingOf(c);
    const close = openStream(c, principalOf(c).keyId);
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const news = createMailbox<LogNews>();
      const unfollow = logFeed.follow(source, (each) => news.put(each));
      const end = (): void => news.end();
      stream.onAbort(end);
      stopping?.addEventListener('abort', end, { once: true });
      if (stopping?.aborted === true) end();
      const signOfLife = async (): Promise<void> => {
        if (await opensStill(c)) await stream.write(': alive\n\n');
        else end();
      };
      const alive = setInterval(() => void signOfLife(), SIGN_OF_LIFE_MS);
      const unsent = createUnsent(CURSOR.test(seen) ? Number(seen) - OVERLAP_MS : 0);
      try {
        for (;;) {
          const next = await news.take();
          // A key that was revoked since sees no more.
          if (next === undefined || !(await opensStill(c))) return;
          for (;;) {
            const chunks = await logs.readSince(filter, unsent.from, PAGE);
            for (const { storedAt, clusterId: _, tasksetId: __, ...chunk } of unsent.of(chunks)) {
              const data = JSON.stringify(chunk);
              await stream.writeSSE({ event: 'lines', id: String(storedAt), data });
            }
            if (stream.aborted || chunks.length < PAGE) break;
          }
          unsent.rewind();
          if (stream.aborted) return;
          if (!next.ended) continue;
          await stream.writeSSE({ event: 'end', data: JSON.stringify({ taskset: taskset.id }) });
          return;
        }
      } finally {
        clearInterval(alive);
        close();
        unfollow();
        stopping?.removeEventListener('abort', end);
      }
    });
  });
}

/** Which chunks a reader has not got yet, and from when on to look for more. */
function createUnsent(since: number) {
  let from = Math.max(0, since);
  let sent = new Map<string, number>();
  return {
    get from(): number {
      return from;
    },
    /** Those of a page, which begins at `from`, that were not sent; the next page begins where this one ends. */
    of(page: readonly StoredLogChunk[]): StoredLogChunk[] {
      const fresh = page.filter((chunk) => !sent.has(keyOf(chunk)));
      for (const chunk of fresh) sent.set(keyOf(chunk), chunk.storedAt);
      const newest = page.at(-1)?.storedAt ?? from;
      // More than a page within one millisecond, all of it sent.
      from = page.length === PAGE && newest === from && fresh.length === 0 ? from + 1 : newest;
      return fresh;
    },
    /** All is read for now: the next look begins a little earlier. */
    rewind(): void {
      from = Math.max(0, from - OVERLAP_MS);
      sent = new Map([...sent].filter(([, storedAt]) => storedAt >= from));
    },
  };
}

function keyOf({ operation, node, step, attempt, offset }: StoredLogChunk): string {
  return [operation, node, step, attempt, offset].join('/');
}
