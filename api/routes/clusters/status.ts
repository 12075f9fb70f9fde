import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { resourceVersion } from '../../../core/resourceVersion.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { projectAccess } from '../../middleware/access.js';
import { STATUS_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { clusterWithStatus } from '../../views/clusterView.js';
import { CLUSTER } from './paths.js';

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/status`,
  operationId: 'getClusterStatus',
  summary: 'A cluster and where it stands',
  description:
    '`status.commonStatus.conditionStatus`: 1 being worked on, 2 done, 3 failed, with the reason in words.',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster with its status', STATUS_EXAMPLE),
    ...notModified,
    ...errors(401, 403, 404),
  },
});

export function getClusterStatus(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const record = await findReadableCluster(c, c.req.valid('param'));
    const cluster = await clusterWithStatus(c.var.deps.store, record);
    return taggedJson(c, cluster, resourceVersion(record));
  });
}
