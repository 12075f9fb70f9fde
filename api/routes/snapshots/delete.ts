import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { snapshotsInUse } from '../../../core/restoreChecks.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { snapshotParams } from '../../schemas/params.js';
import { SNAPSHOT } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: SNAPSHOT,
  operationId: 'deleteSnapshot',
  summary: 'Delete a snapshot',
  tags: ['Snapshots'],
  middleware: projectAccess('operator'),
  request: { params: snapshotParams },
  responses: {
    200: { description: 'It is gone. The body is empty' },
    ...errors(401, 403, 404, 409),
  },
});

export function deleteSnapshot(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { id, ...of } = c.req.valid('param');
    const record = await findCluster(c, of);
    if (snapshotsInUse(record).includes(id)) {
      throw new AppError(
        ErrorCode.Conflict,
        `cluster ${of.name} is being restored from snapshot ${id}, or was to be: a retry does again what failed`,
      );
    }
    const { snapshots, secrets } = c.var.deps.store;
    if (!(await snapshots.remove(record.id, id))) throw noSnapshot(of.name, id);
    await secrets.remove(record.id, `snapshot:${id}`);
    await audit(c, {
      action: 'snapshot.delete',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `snapshot ${id}`,
    });
    return c.body(null, 200);
  });
}

export function noSnapshot(cluster: string, id: string): AppError {
  return new AppError(ErrorCode.NotFound, `there is no snapshot ${id} of cluster ${cluster}`);
}
