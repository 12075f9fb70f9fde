import { TASKSET_DETAILS_EXAMPLE } from '../../schemas/tasksetExample.js';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { tasksetParams } from '../../schemas/params.js';
import { tasksetDetailsSchema } from '../../schemas/taskset.js';
import { tasksetDetails, type TasksetDetails } from '../../views/tasksetView.js';
import { CLUSTER } from '../clusters/paths.js';
import { findTaskset } from './findTaskset.js';

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets/{id}`,
  operationId: 'getTaskset',
  summary: 'A taskset: its operations, their nodes, the steps of each',
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: tasksetParams, headers: readHeaders },
  responses: {
    200: json<TasksetDetails>(tasksetDetailsSchema, 'The taskset', TASKSET_DETAILS_EXAMPLE),
    ...notModified,
    ...errors(401, 403, 404),
  },
});

export function getTaskset(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { cluster, taskset } = await findTaskset(c, c.req.valid('param'));
    const { store } = c.var.deps;
    const [nodes, kept] = await Promise.all([
      store.nodes.steps(cluster.id),
      store.stepHistory.read(cluster.id, taskset.id),
    ]);
    return taggedJson(c, tasksetDetails(taskset, nodes, kept));
  });
}
