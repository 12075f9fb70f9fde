import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { CommonConditionStatus } from '../../../core/words.js';
import { audit } from '../../audit.js';
import { originOf, type ApiEnv } from '../../env.js';
import { findCluster, noCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { WORKING_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { clusterWithStatus } from '../../views/clusterView.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/retry`,
  operationId: 'retryCluster',
  summary: 'Go on where it failed',
  description:
    'A new taskset that skips what verifies as done and goes on at the step that failed. For what failed ' +
    'only: 409 otherwise.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster, being worked on again', WORKING_EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

export function retryCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { store } = c.var.deps;
    const before = await findCluster(c, of);
    if (before.commonStatus.conditionStatus !== CommonConditionStatus.Failed) {
      const running = before.commonStatus.conditionStatus === CommonConditionStatus.Submitted;
      throw new AppError(
        ErrorCode.Conflict,
        running
          ? `cluster ${of.name} is being worked on: there is nothing to try again yet`
          : `cluster ${of.name} has not failed: there is nothing to try again`,
      );
    }
    const record = await store.clusters.requestRetry(of.project, of.name, originOf(c));
    if (record === undefined) throw noCluster(of);
    await audit(c, {
      action: 'cluster.retry',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: before.commonStatus.reason.slice(0, 500),
      asks: record,
    });
    await notifyWorkflow(c, of);
    return c.json(await clusterWithStatus(store, record), 200);
  });
}
