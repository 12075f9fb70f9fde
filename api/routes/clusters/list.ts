import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { API_VERSION } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { errors, json, pageQuery } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { projectParam } from '../../schemas/params.js';
import { clusterView } from '../../views/clusterView.js';
import { CLUSTERS } from './paths.js';

interface ClusterList {
  apiVersion: string;
  kind: 'ClusterList';
  metadata: { count: number; limit: number; offset: number };
  items: Cluster[];
}

const clusterListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('ClusterList'),
    metadata: z.object({
      count: z.int().meta({ description: 'Of all clusters of the project.' }),
      limit: z.int(),
      offset: z.int(),
    }),
    items: z.array(clusterViewSchema),
  })
  .meta({ id: 'ClusterList' });

const route = createRoute({
  method: 'get',
  path: CLUSTERS,
  operationId: 'listClusters',
  summary: 'The clusters of a project, by name',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam, query: pageQuery },
  responses: {
    200: json<ClusterList>(clusterListSchema, 'The clusters, without their status'),
    ...errors(400, 401, 403, 404),
  },
});

export function listClusters(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const page = c.req.valid('query');
    const { items, count } = await c.var.deps.store.clusters.list(project, page);
    return c.json(
      {
        apiVersion: API_VERSION,
        kind: 'ClusterList' as const,
        metadata: { count, ...page },
        items: items.map(clusterView),
      },
      200,
    );
  });
}
