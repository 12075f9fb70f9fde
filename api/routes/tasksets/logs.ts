import { LOG_EXAMPLE } from '../../schemas/tasksetExample.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { tasksetParams } from '../../schemas/params.js';
import { logText } from '../../views/logText.js';
import { STEP_NAMES } from '../../views/stepOrder.js';
import { CLUSTER } from '../clusters/paths.js';
import { findTaskset } from './findTaskset.js';

const query = z.object({
  node: z.string().optional().meta({ description: 'Only of this node', example: 'ap-node1' }),
  step: z
    .enum(STEP_NAMES, { error: 'is not the name of a step' })
    .optional()
    .meta({ description: 'Only of this step', example: 'kubeadm-init' }),
});

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets/{id}/logs`,
  operationId: 'getTasksetLogs',
  summary: "What the steps' scripts wrote, as text",
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: tasksetParams, query },
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
    const { node, step } = c.req.valid('query');
    const { cluster, taskset } = await findTaskset(c, c.req.valid('param'));
    const chunks = await c.var.deps.store.logs.read({
      clusterId: cluster.id,
      tasksetId: taskset.id,
      ...(node === undefined ? {} : { node }),
      ...(step === undefined ? {} : { step: step }),
    });
    return c.text(logText(chunks), 200);
  });
}
