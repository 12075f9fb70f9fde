import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { Cluster } from '../../../core/cluster.js';
import { clusterViewSchema } from '../../../core/spec/schema/status.js';
import { API_VERSION, ProvisionStatus } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { answerTagged, taggedText } from '../../http/entityTag.js';
import {
  labelFilter,
  listMetadataSchema,
  listQuery,
  nameFilter,
  pageOf,
  wordsFilter,
  type ListMetadata,
} from '../../http/listQuery.js';
import { defined } from '../../http/defined.js';
import { projectAccess } from '../../middleware/access.js';
import type { ListedCluster } from '../../../store/clusterStore.js';
import { CLUSTER_VIEW_EXAMPLE, LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { projectParam } from '../../schemas/params.js';
import { clusterText } from '../../views/clusterText.js';
import { CLUSTERS } from './paths.js';

interface ClusterList {
  apiVersion: string;
  kind: 'ClusterList';
  metadata: ListMetadata;
  items: Cluster[];
}

const clusterListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('ClusterList'),
    metadata: listMetadataSchema,
    items: z.array(clusterViewSchema),
  })
  .meta({ id: 'ClusterList' });

const query = listQuery({
  name: nameFilter(),
  status: wordsFilter(Object.values(ProvisionStatus), '`provisionStatus` of the cluster'),
  label: labelFilter(),
  shared: z.enum(['true', 'false']).optional().meta({
    description: '`true`: instead of its own, the clusters that other projects share with it',
  }),
});

const EXAMPLE = {
  ...{ apiVersion: API_VERSION, kind: 'ClusterList', metadata: LIST_METADATA_EXAMPLE },
  items: [CLUSTER_VIEW_EXAMPLE],
};

const route = createRoute({
  method: 'get',
  path: CLUSTERS,
  operationId: 'listClusters',
  summary: 'The clusters of a project, by name',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam, headers: readHeaders, query },
  responses: {
    200: json<ClusterList>(clusterListSchema, 'The clusters, without their status', EXAMPLE),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listClusters(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['clusters', project], z.string());
    const { name, status, label: labels } = asked;
    const shared = asked.shared === 'true';
    const { clusters } = c.var.deps.store;
    const read = async (): Promise<string> => {
      const { items, count, more } = await clusters.listed(project, {
        ...page,
        ...defined({ name, status, labels }),
        shared,
      });
      return listText(metadata(count, more ? items.at(-1)?.name : undefined), items);
    };
    // What the project's revision says nothing of: other projects' clusters, and the status.
    if (shared || status !== undefined) return answerTagged(c, taggedText(await read()));
    const text = await c.var.clusterPages.get({
      key: JSON.stringify([project, page, name, labels]),
      revision: () => clusters.listRevision(project),
      read,
    });
    return answerTagged<ClusterList>(c, text);
  });
}

/** A `ClusterList` as it is sent. */
function listText(metadata: ListMetadata, items: readonly ListedCluster[]): string {
  const list = { apiVersion: API_VERSION, kind: 'ClusterList', metadata };
  return `${JSON.stringify(list).slice(0, -1)},"items":[${items.map(clusterText).join(',')}]}`;
}
