import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { HEALTH_EXAMPLE, healthSchema } from '../../schemas/health.js';
import { clusterParams } from '../../schemas/params.js';
import { healthView, type HealthView } from '../../views/healthView.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/health`,
  operationId: 'getClusterHealth',
  summary: 'What was seen of a cluster when it was looked at last',
  description:
    'Each cluster is looked at every half minute through a control plane: its nodes as the API server lists them, and ' +
    "etcd's members; each machine twice an hour: certificates, disks, drift. 404 until the first look, which comes " +
    'within seconds of the API server.',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams },
  responses: {
    200: json<HealthView>(healthSchema, 'The last look', HEALTH_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function getClusterHealth(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { store } = c.var.deps;
    const record = await findReadableCluster(c, of);
    const [health, nodes, statuses] = await Promise.all([
      store.health.get(record.id),
      store.health.nodes(record.id),
      store.nodes.statuses(record.id),
    ]);
    if (health === undefined) {
      throw new AppError(ErrorCode.NotFound, `cluster ${of.name} was not looked at yet`);
    }
    return c.json(healthView({ record, health, nodes, statuses, now: new Date() }), 200);
  });
}
