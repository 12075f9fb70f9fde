import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { nodeViewSchema } from '../../schemas/node.js';
import { clusterParams } from '../../schemas/params.js';
import { nodeViews, type NodeView } from '../../views/nodeView.js';
import { CLUSTER } from '../clusters/paths.js';

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/nodes`,
  operationId: 'listNodes',
  summary: 'The nodes of a cluster: status, latest steps, facts, host keys',
  tags: ['Nodes'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders },
  responses: {
    200: json<{ items: NodeView[] }>(
      z.object({ items: z.array(nodeViewSchema) }).meta({ id: 'NodeList' }),
      'The nodes of the spec in its order, then those that are on their way out',
    ),
    ...notModified,
    ...errors(401, 403, 404),
  },
});

export function listNodes(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { store } = c.var.deps;
    const record = await findReadableCluster(c, c.req.valid('param'));
    const [nodes, hostKeys, registrations] = await Promise.all([
      store.nodes.list(record.id),
      store.hostKeys.list(record.id),
      store.registrations.list(record.id),
    ]);
    return taggedJson(c, { items: nodeViews(record, nodes, { hostKeys, registrations }) });
  });
}
