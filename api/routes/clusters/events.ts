import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { followFeed } from '../../followFeed.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { STATUS_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import type { Snapshot } from '../../statusFeed.js';
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
    const { project, name } = await findCluster(c, c.req.valid('param'));
    return followFeed<Snapshot>(c, {
      follow: (listener) => c.var.statusFeed.follow({ project, name }, listener),
      event: ({ cluster }) => ({ event: 'status', data: JSON.stringify(cluster) }),
      gone: { event: 'deleted', data: JSON.stringify({ project, name }) },
    });
  });
}
