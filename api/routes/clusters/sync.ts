import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
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
  path: `${CLUSTER}/sync`,
  operationId: 'syncCluster',
  summary: 'Compare what is live with the blueprint, and put back what differs',
  description:
    'A BlueprintSync, also where nothing of the spec has changed; what it found is at `…/drift`. Where the ' +
    "blueprint's `driftPolicy` is Report, nothing is put back.",
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster, being worked on', WORKING_EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

export function syncCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const before = await findCluster(c, of);
    if (!before.applied.created || before.deleting) {
      throw new AppError(
        ErrorCode.Conflict,
        before.deleting
          ? `cluster ${of.name} is being deleted`
          : `cluster ${of.name} is not provisioned yet: there is nothing to compare`,
      );
    }
    const ask = { reason: 'a sync of the blueprint was submitted', sync: true, by: originOf(c) };
    const record = await c.var.deps.store.clusters.requestWork(of.project, of.name, ask);
    if (record === undefined) throw noCluster(of);
    await audit(c, {
      action: 'cluster.sync',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `blueprint ${record.desired.spec.blueprint.name}`,
      asks: record,
    });
    await notifyWorkflow(c, of);
    return c.json(await clusterWithStatus(c.var.deps.store, record), 200);
  });
}
