import { LOG_EXAMPLE } from '../../schemas/tasksetExample.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { tasksetParams } from '../../schemas/params.js';
import { linesWith, logText } from '../../views/logText.js';
import { STEP_NAMES } from '../../views/stepOrder.js';
import { CLUSTER } from '../clusters/paths.js';
import { findTaskset } from './findTaskset.js';

export const logQuery = z.object({
  node: z.string().optional().meta({ description: 'Only of this node', example: 'ap-node1' }),
  step: z
    .enum(STEP_NAMES, { error: 'is not the name of a step' })
    .optional()
    .meta({ description: 'Only of this step', example: 'kubeadm-init' }),
  attempt: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Only of this attempt', example: 1 }),
  q: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Only lines that hold this, in whatever case', example: 'error' }),
});

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets/{id}/logs`,
  operationId: 'getTasksetLogs',
  summary: "What the steps' scripts wrote, as text",
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: tasksetParams, query: logQuery },
  responses: {
    200: {
      description: 'The output so far, run by run; a line above each run names it',
      content: { 'text/plain': { schema: z.string(), example: LOG_EXAMPLE } },
    },
    ...errors(400, 401, 403, 404),
  },
});

export function getTasksetLogs(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { q, ...of } = c.req.valid('query');
    const { cluster, taskset } = await findTaskset(c, c.req.valid('param'));
    const chunks = await c.var.deps.store.logs.read({
      clusterId: cluster.id,
      tasksetId: taskset.id,
      ...defined(of),
    });
    return c.text(logText(q === undefined ? chunks : linesWith(chunks, q)), 200);
  });
}
