import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AskedKind } from '../../../core/askedOperations.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { newId } from '../../../store/newId.js';
import { audit } from '../../audit.js';
import { originOf, type ApiEnv } from '../../env.js';
import { findCluster, noCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { clusterParams } from '../../schemas/params.js';
import { askedSnapshotSchema, SNAPSHOT_EXAMPLE } from '../../schemas/snapshot.js';
import { SNAPSHOTS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: SNAPSHOTS,
  operationId: 'takeSnapshot',
  summary: 'Take a snapshot of etcd now',
  description:
    'A taskset of its own, beside what the spec asks for. One that waits already stands for this one.',
  tags: ['Snapshots'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
  responses: {
    200: json<{ id: string; cluster: string }>(askedSnapshotSchema, 'It will be taken', {
      ...{ id: SNAPSHOT_EXAMPLE.id, cluster: 'demo-cluster' },
    }),
    ...errors(401, 403, 404, 409),
  },
});

export function takeSnapshot(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { applied } = await findCluster(c, of);
    if (!applied.created) {
      throw new AppError(ErrorCode.Conflict, `cluster ${of.name} has not been created yet`);
    }
    const { clusters } = c.var.deps.store;
    const operation = { id: newId(), kind: AskedKind.Snapshot, by: originOf(c) };
    const result = await clusters.ask(of.project, of.name, operation);
    if (result === undefined) throw noCluster(of);
    const { record, asked } = result;
    await audit(c, {
      action: 'cluster.snapshot',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `snapshot ${asked.id}`,
      asks: record,
    });
    await notifyWorkflow(c, of);
    return c.json({ id: asked.id, cluster: of.name }, 200);
  });
}
