import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';

import { principalOf, stoppingOf, type ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors } from '../../http/describe.js';
import { createMailbox } from '../../mailbox.js';
import { projectAccess } from '../../middleware/access.js';
import { openStream } from '../../requestLimits.js';
import { STATUS_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import type { Snapshot } from '../../statusFeed.js';
import { opensStill, SIGN_OF_LIFE_MS } from '../../streams.js';
import { CLUSTER } from './paths.js';

/** Each event, as a reader of the stream takes it apart: OpenAPI 3.1 has no word for the stream as a whole. */
const eventSchema = z
  .object({
    event: z.enum(['status', 'deleted']),
    id: z.string().optional().meta({ description: 'For `Last-Event-ID`. Of `status` only.' }),
    data: z.string().meta({
      contentMediaType: 'application/json',
      description:
        'Of `status` the Cluster with its status; of `deleted` its `project` and `name`.',
    }),
  })
  .meta({ id: 'ClusterEvent' });

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/events`,
  operationId: 'watchCluster',
  summary: 'A cluster as it changes, as server-sent events',
  description:
    'An event `status` with the Cluster and its status now and whenever it changes, seen within half a ' +
    'second; an event `deleted` when it is gone, after which the stream ends. A client that comes back ' +
    'with `Last-Event-ID` gets nothing until there is something new.',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams },
  responses: {
    200: {
      description: 'The stream',
      content: {
        'text/event-stream': {
          schema: eventSchema,
          example: {
            ...{ event: 'status', id: 'nqHkvFmD4RcUvLKLYiqMrQ' },
            data: JSON.stringify(STATUS_EXAMPLE),
          },
        },
      },
    },
    ...errors(401, 403, 404),
  },
});

export function watchCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { statusFeed } = c.var;
    const { project, name } = await findCluster(c, c.req.valid('param'));
    const seen = c.req.header('last-event-id');
    const stopping = stoppingOf(c);
    const close = openStream(c, principalOf(c).keyId);
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const news = createMailbox<{ snapshot: Snapshot | undefined }>();
      const unfollow = statusFeed.follow({ project, name }, (snapshot) => news.put({ snapshot }));
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
        let last = seen;
        for (;;) {
          const next = await news.take();
          // A key that was revoked since sees no more.
          if (next === undefined || !(await opensStill(c))) return;
          if (next.snapshot === undefined) {
            await stream.writeSSE({ event: 'deleted', data: JSON.stringify({ project, name }) });
            return;
          }
          if (next.snapshot.id === last) continue;
          last = next.snapshot.id;
          const data = JSON.stringify(next.snapshot.cluster);
          await stream.writeSSE({ event: 'status', id: last, data });
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
