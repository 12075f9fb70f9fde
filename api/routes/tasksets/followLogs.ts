import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { LogPlace, StoredLogChunk } from '../../../store/logStore.js';
import type { ApiEnv } from '../../env.js';
import { eventStream } from '../../eventStream.js';
import { defined } from '../../http/defined.js';
import { errors } from '../../http/describe.js';
import type { LogMoment } from '../../logFeed.js';
import { projectAccess } from '../../middleware/access.js';
import { tasksetParams } from '../../schemas/params.js';
import { linesWith } from '../../views/logText.js';
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
        'Of `lines`: `operation`, `node`, `step`, `attempt` and, where it was done for another node, `subject` name the run, `lines` are what it wrote next, `offset` is where that ends in ' +
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
    const { cluster, taskset } = await findTaskset(c, c.req.valid('param'));
    const source = { clusterId: cluster.id, tasksetId: taskset.id };
    const { q, ...of } = c.req.valid('query');
    const filter = { ...source, ...defined(of) };
    const seen = c.req.header('last-event-id') ?? '';
    const unsent = createUnsent(CURSOR.test(seen) ? Number(seen) - OVERLAP_MS : 0);
    return eventStream<LogMoment>(c, {
      follow: (listener) =>
        // What is no more has ended.
        c.var.logFeed.follow(source, (moment = { id: '', ended: true }) => listener(moment)),
      async tell(stream, { ended }, mayGoOn) {
        for (let page = PAGE; page === PAGE;) {
          const chunks = await c.var.deps.store.logs.readSince(filter, unsent.after, PAGE);
          const fresh = unsent.of(chunks);
          for (const chunk of q === undefined ? fresh : linesWith(fresh, q)) {
            await stream.writeSSE(linesEvent(chunk));
          }
          if (!(await mayGoOn())) return true;
          page = chunks.length;
        }
        unsent.rewind();
        if (ended) {
          await stream.writeSSE({ event: 'end', data: JSON.stringify({ taskset: taskset.id }) });
        }
        return ended;
      },
    });
  });
}

function linesEvent({ id: _, storedAt, clusterId: __, tasksetId: ___, ...chunk }: StoredLogChunk) {
  return { event: 'lines', id: String(storedAt), data: JSON.stringify(chunk) };
}

/** Which chunks a reader has not got yet, and after which to look for more. */
function createUnsent(since: number) {
  let after: LogPlace = { storedAt: since, id: '' };
  let newest = since;
  let sent = new Map<string, number>();
  return {
    get after(): LogPlace {
      return after;
    },
    /** Those of a page, which begins after `after`, that were not sent; the next page begins after this one. */
    of(page: readonly StoredLogChunk[]): StoredLogChunk[] {
      const fresh = page.filter(({ id }) => !sent.has(id));
      for (const { id, storedAt } of fresh) sent.set(id, storedAt);
      after = page.at(-1) ?? after;
      newest = Math.max(newest, after.storedAt);
      sent = new Map([...sent].filter(([, at]) => at >= newest - OVERLAP_MS));
      return fresh;
    },
    /** All is read for now: the next look begins a little earlier. */
    rewind(): void {
      after = { storedAt: Math.max(since, newest - OVERLAP_MS), id: '' };
    },
  };
}
