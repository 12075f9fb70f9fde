import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AskedKind } from '../../../core/askedOperations.js';
import type { Cluster } from '../../../core/cluster.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { newId } from '../../../store/newId.js';
import { audit } from '../../audit.js';
import { originOf, type ApiEnv } from '../../env.js';
import { findCluster, noCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { WORKING_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { clusterWithStatus } from '../../views/clusterView.js';
import { CLUSTER } from '../clusters/paths.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/certificates/renew`,
  operationId: 'renewCertificates',
  summary: 'Renew the certificates of the control planes now',
  description:
    'A CertificateRenewal, one control plane after another, as it happens by itself before the first of them ends ' +
    '(`certificates` of `…/nodes`). A kubeconfig that was given out before is good until its own certificate ends. ' +
    'A renewal that waits already stands for this one.',
  tags: ['Clusters'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster, being worked on', WORKING_EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

export function renewCertificates(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { store } = c.var.deps;
    const { applied } = await findCluster(c, of);
    if (!applied.created) {
      throw new AppError(ErrorCode.Conflict, `cluster ${of.name} has not been created yet`);
    }
    const operation = { id: newId(), kind: AskedKind.RenewCertificates, by: originOf(c) };
    const result = await store.clusters.ask(of.project, of.name, operation);
    if (result === undefined) throw noCluster(of);
    await audit(c, {
      action: 'cluster.renew-certificates',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `renewal ${result.asked.id}`,
      asks: result.record,
    });
    await notifyWorkflow(c, of);
    return c.json(await clusterWithStatus(store, result.record), 200);
  });
}
