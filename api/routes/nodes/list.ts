import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { NODE_EXAMPLE } from '../../schemas/nodeExample.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { NodeStatus } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
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
import { nodeViewSchema } from '../../schemas/node.js';
import { clusterParams } from '../../schemas/params.js';
import { nodeOrder, placeAfter, selectNodes } from '../../views/nodeOrder.js';
import { bastionPins, nodeViews, type NodeView } from '../../views/nodeView.js';
import { CLUSTER } from '../clusters/paths.js';

/** A page holds a cluster of the size that we design for. */
const query = listQuery(
  {
    name: nameFilter('The node of this hostname; `abc*`: those whose hostname begins with `abc`'),
    status: wordsFilter(Object.values(NodeStatus), 'Of the node'),
    label: labelFilter(),
  },
  { limit: 1000, most: 1000 },
);

/** Where the last one stood as well, for when it has gone meanwhile. */
const order = z.object({ hostname: z.string(), index: z.int() });

interface NodeList {
  metadata: ListMetadata;
  items: NodeView[];
}

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/nodes`,
  operationId: 'listNodes',
  summary: 'The nodes of a cluster: status, latest steps, facts, host keys',
  tags: ['Nodes'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders, query },
  responses: {
    200: json<NodeList>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(nodeViewSchema) })
        .meta({ id: 'NodeList' }),
      'The nodes of the spec in its order, then those that are on their way out',
      { metadata: { ...LIST_METADATA_EXAMPLE, limit: 1000 }, items: [NODE_EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listNodes(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { store } = c.var.deps;
    const record = await findReadableCluster(c, c.req.valid('param'));
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['nodes', record.id], order);
    const all = nodeOrder(record, await store.nodes.statuses(record.id));
    const { name, status, label } = asked;
    const selected = selectNodes(all, { name, status, labels: label });
    const begin = placeAfter(selected, page.after) + page.offset;
    const wanted = selected.slice(begin, begin + page.limit);
    const last = begin + page.limit < selected.length ? wanted.at(-1) : undefined;
    const hostnames = wanted.map((node) => node.hostname);
    const [nodes, hostKeys, registrations] = await Promise.all([
      store.nodes.list(record.id, hostnames),
      store.hostKeys.list(record.id, [...hostnames, ...bastionPins(record)]),
      store.registrations.list(record.id),
    ]);
    return taggedJson(c, {
      metadata: metadata(
        selected.length,
        last === undefined ? undefined : { hostname: last.hostname, index: last.index },
      ),
      items: nodeViews(record, hostnames, { nodes, hostKeys, registrations }),
    });
  });
}
