import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { resourceVersion } from '../../../core/resourceVersion.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { CLUSTER_VIEW_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { clusterView } from '../../views/clusterView.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'get',
  path: CLUSTER,
  operationId: 'getCluster',
  summary: 'A cluster as it was applied',
  description:
    'Write-only fields are left out; nothing is added but `metadata.modifiedAt` and `resourceVersion`.',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster', CLUSTER_VIEW_EXAMPLE),
    ...notModified,
    ...errors(401, 403, 404),
  },
});

export function getCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const record = await findReadableCluster(c, c.req.valid('param'));
    return taggedJson(c, clusterView(record), resourceVersion(record));
  });
}
