import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { listMetadataSchema, listQuery, pageOf, type ListMetadata } from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { clusterParams } from '../../schemas/params.js';
import { SNAPSHOT_EXAMPLE, snapshotSchema } from '../../schemas/snapshot.js';
import { snapshotView, type SnapshotView } from '../../views/snapshotView.js';
import { SNAPSHOTS } from './paths.js';

const query = listQuery({}, { limit: 50, most: 500 });
const keySchema = z.object({ createdAt: z.string(), id: z.string() });

interface SnapshotList {
  metadata: ListMetadata;
  items: SnapshotView[];
}

const route = createRoute({
  method: 'get',
  path: SNAPSHOTS,
  operationId: 'listSnapshots',
  summary: "Snapshots of a cluster's etcd, newest first",
  tags: ['Snapshots'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders, query },
  responses: {
    200: json<SnapshotList>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(snapshotSchema) })
        .meta({ id: 'SnapshotList' }),
      'Those that can be restored',
      { metadata: { ...LIST_METADATA_EXAMPLE, limit: 50 }, items: [SNAPSHOT_EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listSnapshots(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { id } = await findReadableCluster(c, c.req.valid('param'));
    const { page, metadata } = pageOf(c.req.valid('query'), ['snapshots', id], keySchema);
    const { items, count, more } = await c.var.deps.store.snapshots.list(id, page);
    const last = more ? items.at(-1) : undefined;
    const key = last && { createdAt: last.createdAt, id: last.id };
    return taggedJson(c, { metadata: metadata(count, key), items: items.map(snapshotView) });
  });
}
