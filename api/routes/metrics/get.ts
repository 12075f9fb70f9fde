import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { globalAccess } from '../../middleware/access.js';

const EXAMPLE = `# HELP plinth_nodes Machines of clusters by status.
# TYPE plinth_nodes gauge
plinth_nodes{status="READY"} 3
`;

const route = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Metrics of this API process, in the text format of Prometheus',
  tags: ['Metrics'],
  // Counts of every project: a key for one must not learn of others. Prometheus sends it as `authorization`.
  middleware: globalAccess('viewer'),
  responses: {
    200: {
      description: 'The metrics',
      content: { 'text/plain': { schema: z.string(), example: EXAMPLE } },
    },
    ...errors(401, 403),
  },
});

export function getMetrics(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) =>
    c.text(await c.var.metrics.text(), 200, { 'content-type': c.var.metrics.contentType }),
  );
}
