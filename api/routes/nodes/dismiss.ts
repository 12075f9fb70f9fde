import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord } from '../../../core/records.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { nodeParams } from '../../schemas/params.js';
import { CLUSTER } from '../clusters/paths.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/nodes/{hostname}/dismiss`,
  operationId: 'dismissNode',
  summary: 'Take an orphaned machine off the list',
  description:
    'For nodes that are ORPHANED, once their machine is wiped or will never start again: plinth forgets it, and ' +
    'another cluster may have the machine. 409 for any other node, and for one that the spec holds again.',
  tags: ['Nodes'],
  middleware: projectAccess('operator'),
  request: { params: nodeParams },
  responses: {
    200: { description: 'It is off the list. The body is empty' },
    ...errors(401, 403, 404, 409),
  },
});

export function dismissNode(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { hostname } = of;
    const { store } = c.var.deps;
    const cluster = await findCluster(c, of);
    const node = await store.nodes.get(cluster.id, hostname);
    if (node === undefined) {
      throw new AppError(ErrorCode.NotFound, `cluster ${of.name} has no node ${hostname}`);
    }
    if (node.orphaned === undefined) {
      throw new AppError(ErrorCode.Conflict, `${hostname} is not ORPHANED, but ${node.status}`);
    }
    refuseWanted(cluster, hostname);
    // The node last: what dies in between leaves one that is dismissed again.
    await store.hostKeys.remove(cluster.id, hostname);
    await store.registrations.remove(cluster.id, hostname);
    // An apply may have put it back meanwhile: without its node nobody would know that its machine is to be cleaned.
    refuseWanted(await findCluster(c, of), hostname);
    if (!(await store.nodes.removeOrphan(cluster.id, hostname))) {
      throw new AppError(ErrorCode.Conflict, `${hostname} is not ORPHANED any more: look again`);
    }
    await audit(c, {
      action: 'node.dismiss',
      project: of.project,
      resource: `clusters/${of.name}/nodes/${hostname}`,
      summary: `orphaned since ${node.orphaned.since}`,
    });
    return c.body(null, 200);
  });
}

function refuseWanted({ desired }: ClusterRecord, hostname: string): void {
  if (!desired.spec.config.nodes.some((wanted) => wanted.hostname === hostname)) return;
  throw new AppError(
    ErrorCode.Conflict,
    `${hostname} is in the spec again: its machine is cleaned, and joins anew`,
  );
}
