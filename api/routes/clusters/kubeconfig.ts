import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors } from '../../http/describe.js';
import { yamlTypeOf } from '../../http/wantsYaml.js';
import { projectAccess } from '../../middleware/access.js';
import { KUBECONFIG_EXAMPLE, kubeconfigSchema } from '../../schemas/kubeconfig.js';
import { clusterParams } from '../../schemas/params.js';
import { CLUSTER } from './paths.js';

const CONTENT = { schema: kubeconfigSchema, example: KUBECONFIG_EXAMPLE };

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/kubeconfig`,
  operationId: 'getClusterKubeconfig',
  summary: "The administrator's kubeconfig of a cluster",
  description: 'There once the first control plane answers. For operators: it opens the cluster.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: {
      description: 'The kubeconfig, with an address that people can reach',
      content: {
        'application/yaml': CONTENT,
        'application/x-rafay-yaml': CONTENT,
      },
    },
    ...errors(401, 403, 404),
  },
});

export function getClusterKubeconfig(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { store, vault } = c.var.deps;
    const record = await findCluster(c, c.req.valid('param'));
    const sealed = await store.secrets.get(record.id, 'kubeconfig');
    if (sealed === undefined) {
      throw new AppError(
        ErrorCode.NotFound,
        `cluster ${record.name} has no kubeconfig yet: it has one once its first control plane answers`,
      );
    }
    const text = vault.open(record.id, sealed);
    await audit(c, {
      action: 'cluster.kubeconfig',
      project: record.project,
      resource: `clusters/${record.name}`,
      summary: 'kubeconfig read',
    });
    return c.body(text, 200, {
      'content-type': yamlTypeOf(c),
      'cache-control': 'no-store',
    });
  });
}
