import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { audit } from '../../audit.js';
import { originOf, type ApiEnv } from '../../env.js';
import { noCluster } from '../../findCluster.js';
import { changeHeaders, changeQuery, errors } from '../../http/describe.js';
import { preconditionOf } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { planDelete } from '../../planCluster.js';
import { clusterParams } from '../../schemas/params.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: CLUSTER,
  operationId: 'deleteCluster',
  summary: 'Delete a cluster and leave its machines as they were found',
  description:
    'Answers when it is recorded. The cluster can be read until the last machine is clean; then it is ' +
    '404. Deleting again what is being deleted changes nothing; after a deletion that failed it tries again.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams, headers: changeHeaders, query: changeQuery },
  responses: {
    200: {
      description:
        'It is being deleted. The body is empty; with `dryRun=true` it is the plan, as of an apply',
    },
    ...errors(400, 401, 403, 404, 409),
  },
});

export function deleteCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { precondition } = preconditionOf(c);
    const { dryRun, force } = c.req.valid('query');
    if (dryRun === 'true') {
      return c.json(
        await planDelete(c.var.deps, { ...of, force: force === 'true' }, precondition),
        200,
      );
    }
    const { clusters } = c.var.deps.store;
    const record = await clusters.markDeleting(of.project, of.name, precondition, {
      force: force === 'true',
      by: originOf(c),
    });
    if (record === undefined) throw noCluster(of);
    await audit(c, {
      action: 'cluster.delete',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `cluster ${record.id}${force === 'true' ? ' (forced)' : ''}`,
      asks: record,
    });
    await notifyWorkflow(c, of);
    return c.body(null, 200);
  });
}
