import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AskedKind } from '../../../core/askedOperations.js';
import type { Cluster } from '../../../core/cluster.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord } from '../../../core/records.js';
import { otherMinor } from '../../../core/restoreChecks.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { newId } from '../../../store/newId.js';
import type { SnapshotRecord } from '../../../store/snapshotStore.js';
import { audit } from '../../audit.js';
import { originOf, type ApiEnv } from '../../env.js';
import { findCluster, noCluster } from '../../findCluster.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { WORKING_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { restoreSchema, SNAPSHOT_EXAMPLE } from '../../schemas/snapshot.js';
import { clusterWithStatus } from '../../views/clusterView.js';
import { CLUSTER } from '../clusters/paths.js';
import { noSnapshot } from './delete.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/restore`,
  operationId: 'restoreCluster',
  summary: 'Bring the cluster back as a snapshot has it',
  description:
    'For a cluster that lost its data, or whose data is wrong: the control planes are stopped, the first one gets the ' +
    "snapshot's keys and data, the others join it anew, workers stay. What came after the snapshot is lost. " +
    '409 for a snapshot of another minor of Kubernetes than the one that runs.',
  tags: ['Snapshots'],
  middleware: projectAccess('operator'),
  request: {
    params: clusterParams,
    body: documentBody('Restore', { snapshot: SNAPSHOT_EXAMPLE.id }),
  },
  responses: {
    200: json<Cluster>(clusterViewSchema, 'The cluster, about to be restored', WORKING_EXAMPLE),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

export function restoreCluster(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Restore', restoreSchema);
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { snapshot: id } = await readBody(c, restoreSchema);
    const { store } = c.var.deps;
    const before = await findCluster(c, of);
    const snapshot = await store.snapshots.get(before.id, id);
    if (snapshot?.complete !== true) throw noSnapshot(of.name, id);
    checkVersion(before, snapshot);
    const operation = {
      id: newId(),
      kind: AskedKind.Restore,
      args: { snapshot: id },
      by: originOf(c),
    };
    const result = await store.clusters.ask(of.project, of.name, operation);
    if (result === undefined) throw noCluster(of);
    await audit(c, {
      action: 'cluster.restore',
      project: of.project,
      resource: `clusters/${of.name}`,
      summary: `from the snapshot ${id} of ${snapshot.createdAt}`,
      asks: result.record,
    });
    await notifyWorkflow(c, of);
    return c.json(await clusterWithStatus(store, result.record), 200);
  });
}

/** Asked again before anything is stopped: an upgrade may be under way. */
function checkVersion({ name, applied, desired }: ClusterRecord, of: SnapshotRecord): void {
  const runs = applied.kubernetesVersion ?? desired.spec.config.kubernetesVersion;
  const problem = otherMinor(of, { name, runs });
  if (problem !== undefined) throw new AppError(ErrorCode.Conflict, problem);
}
