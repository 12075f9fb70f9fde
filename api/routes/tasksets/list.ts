import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { clusterParams } from '../../schemas/params.js';
import { tasksetSummarySchema } from '../../schemas/taskset.js';
import { tasksetSummary, type TasksetSummary } from '../../views/tasksetView.js';
import { CLUSTER } from '../clusters/paths.js';

const query = z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) });

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets`,
  operationId: 'listTasksets',
  summary: 'What was done to a cluster, newest first',
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders, query },
  responses: {
    200: json<{ items: TasksetSummary[] }>(
      z.object({ items: z.array(tasksetSummarySchema) }).meta({ id: 'TasksetList' }),
      'The newest tasksets',
    ),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listTasksets(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const record = await findReadableCluster(c, c.req.valid('param'));
    const { limit } = c.req.valid('query');
    const tasksets = await c.var.deps.store.tasksets.latest(record.id, limit);
    return taggedJson(c, { items: tasksets.map(tasksetSummary) });
  });
}
