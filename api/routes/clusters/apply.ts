import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { applyCluster } from '../../applyCluster.js';
import { audit } from '../../audit.js';
import type { Cluster } from '../../../core/cluster.js';
import { resourceVersion } from '../../../core/resourceVersion.js';
import { clusterSchema } from '../../../core/spec/schema/cluster.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { CommonConditionStatus } from '../../../core/words.js';
import { originOf, principalOf, type ApiEnv } from '../../env.js';
import { changeHeaders, changeQuery, documentBody, errors, json } from '../../http/describe.js';
import { preconditionOf } from '../../http/entityTag.js';
import { readDocument } from '../../http/readDocument.js';
import { planApply } from '../../planCluster.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { CLUSTER_EXAMPLE, CLUSTER_VIEW_EXAMPLE } from '../../schemas/example.js';
import { projectParam } from '../../schemas/params.js';
import { clusterView } from '../../views/clusterView.js';
import { tasksetPlanSchema } from '../../schemas/tasksetPlan.js';
import type { TasksetPlan } from '../../views/tasksetPlanView.js';
import { CLUSTERS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: CLUSTERS,
  operationId: 'applyCluster',
  summary: 'Create a cluster, or change it',
  description:
    'The one verb: what has to be done is the difference to what was applied before. The answer comes ' +
    'when it is recorded; `GET …/status` tells how it goes. Applying what failed again tries again. With ' +
    '`dryRun=true` the answer is the taskset that would be done, each node with its reason, and what would be refused.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: {
    params: projectParam,
    headers: changeHeaders,
    query: changeQuery,
    body: documentBody('Cluster', CLUSTER_EXAMPLE),
  },
  responses: {
    200: json<Cluster | TasksetPlan>(
      z.union([clusterViewSchema, tasksetPlanSchema]),
      'The cluster as it was recorded; with `dryRun=true` the plan',
      CLUSTER_VIEW_EXAMPLE,
    ),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

export function applyClusterRoute(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Cluster', clusterSchema);
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const { dryRun, force } = c.req.valid('query');
    const request = {
      ...{ project, principal: principalOf(c), raw: await readDocument(c) },
      force: force === 'true',
      by: originOf(c),
      ...preconditionOf(c),
    };
    if (dryRun === 'true') return c.json(await planApply(c.var.deps, request), 200);
    const { record, created, changed, summary } = await applyCluster(c.var.deps, request);
    await audit(c, {
      action: created ? 'cluster.create' : 'cluster.apply',
      project,
      resource: `clusters/${record.name}`,
      summary,
      ...(changed ? { asks: record } : {}),
    });
    // Also where nothing changed: what is still to be done is not left waiting for the reconciler.
    if (changed || record.commonStatus.conditionStatus === CommonConditionStatus.Submitted) {
      await notifyWorkflow(c, record);
    }
    return c.json(clusterView(record), 200, { etag: `"${resourceVersion(record)}"` });
  });
}
