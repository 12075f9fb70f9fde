import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { projectOf, type ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectIdAccess } from '../../middleware/access.js';

interface Labels {
  metadata: { name: string; labels: Record<string, string> };
}

const route = createRoute({
  method: 'get',
  path: '/v2/scheduler/project/{projectId}/cluster/{name}',
  operationId: 'v2GetClusterLabels',
  summary: 'The labels of a cluster',
  tags: ['v1'],
  middleware: projectIdAccess('viewer'),
  request: {
    params: z.object({
      projectId: z.string().meta({ example: 'k3v9x1q' }),
      name: z.string().meta({ example: 'demo-cluster' }),
    }),
  },
  responses: {
    200: json<Labels>(
      z
        .object({
          metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
        })
        .meta({ id: 'V2ClusterLabels' }),
      'The labels',
      { metadata: { name: 'demo-cluster', labels: { team: 'a' } } },
    ),
    ...errors(401, 403, 404),
  },
});

export function v2ClusterLabels(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { name } = c.req.valid('param');
    const { desired } = await findReadableCluster(c, { project: projectOf(c).name, name });
    return c.json({ metadata: { name, labels: desired.metadata.labels ?? {} } }, 200);
  });
}
