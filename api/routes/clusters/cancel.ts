import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { WORKING_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { clusterWithStatus } from '../../views/clusterView.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/cancel`,
  operationId: 'cancelCluster',
  summary: 'Stop what is running at the next safe point',
  description:
    'The running operation ends as failed and says where it stopped; `retry` goes on from there. Not ' +
    'recorded but handed to the workflow at once: 503 when that cannot be reached.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: json<Cluster>(
      clusterViewSchema,
      'The cluster; what is running is about to stop',
      WORKING_EXAMPLE,
    ),
    ...errors(401, 403, 404, 409, 503),
  },
});

export function cancelCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const record = await findCluster(c, of);
    if (!(await c.var.deps.workflows.cancel(of.project, of.name, c.get('requestId')))) {
      throw new AppError(ErrorCode.Conflict, `nothing is running on cluster ${of.name}`);
    }
    await audit(c, {
      action: 'cluster.cancel',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: 'asked to stop',
    });
    return c.json(await clusterWithStatus(c.var.deps.store, record), 200);
  });
}
