import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { ProvisionStatus } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import {
  labelFilter,
  listMetadataSchema,
  listQuery,
  nameFilter,
  pageOf,
  wordsFilter,
  type ListMetadata,
} from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import { CLUSTER_SUMMARY_EXAMPLE, clusterSummarySchema } from '../../schemas/clusterSummary.js';
import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { projectParam } from '../../schemas/params.js';
import { clusterSummary, type ClusterSummary } from '../../views/clusterSummary.js';
import { SUMMARIES } from './paths.js';

interface ClusterSummaryList {
  metadata: ListMetadata;
  items: ClusterSummary[];
}

const query = listQuery({
  name: nameFilter(),
  status: wordsFilter(Object.values(ProvisionStatus), '`provisionStatus` of the cluster'),
  label: labelFilter(),
});

const route = createRoute({
  method: 'get',
  path: SUMMARIES,
  operationId: 'listClusterSummaries',
  summary: 'How the clusters of a project stand, by name',
  description:
    'What a table shows of each: two reads for a page, where the list and the status of each cluster are one for each.',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam, headers: readHeaders, query },
  responses: {
    200: json<ClusterSummaryList>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(clusterSummarySchema) })
        .meta({ id: 'ClusterSummaryList' }),
      'The clusters',
      { metadata: LIST_METADATA_EXAMPLE, items: [CLUSTER_SUMMARY_EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listClusterSummaries(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['clustersummaries', project], z.string());
    const { name, status, label: labels } = asked;
    const { clusters, nodes } = c.var.deps.store;
    const { items, count, more } = await clusters.list(project, {
      ...page,
      ...defined({ name, status, labels }),
    });
    return taggedJson(c, {
      metadata: metadata(count, more ? items.at(-1)?.name : undefined),
      // Asked for at once, the nodes of all of them are one read.
      items: await Promise.all(
        items.map(async (record) => clusterSummary(record, await nodes.statuses(record.id))),
      ),
    });
  });
}
