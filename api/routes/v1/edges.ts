import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { mayRead } from '../../../core/sharing.js';
import { projectOf, type ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { projectIdAccess } from '../../middleware/access.js';
import { edgeSchema, v1List, v1Query, type V1List } from '../../schemas/v1.js';
import { edgeView, type EdgeView } from '../../views/edgeView.js';

const EDGES = '/edge/v1/projects/{projectId}/edges';
const params = z.object({ projectId: z.string().meta({ description: "The project's id" }) });

const list = createRoute({
  method: 'get',
  path: EDGES,
  operationId: 'v1ListEdges',
  summary: 'Clusters, by name',
  tags: ['v1'],
  middleware: projectIdAccess('viewer'),
  request: { params, query: v1Query },
  responses: {
    200: json<V1List<EdgeView>>(v1List(edgeSchema, 'V1EdgeList'), 'The clusters'),
    ...errors(400, 401, 403, 404),
  },
});

const get = createRoute({
  method: 'get',
  path: `${EDGES}/{id}`,
  operationId: 'v1GetEdge',
  summary: 'A cluster, by its id',
  tags: ['v1'],
  middleware: projectIdAccess('viewer'),
  request: { params: params.extend({ id: z.string().meta({ example: 'pd270k4' }) }) },
  responses: {
    200: json<EdgeView>(edgeSchema, 'The cluster'),
    ...errors(401, 403, 404),
  },
});

export function v1Edges(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(list, async (c) => {
    const { clusters } = c.var.deps.store;
    const project = projectOf(c);
    const { limit, offset, name, q } = c.req.valid('query');
    const wanted = name ?? q;
    if (wanted !== undefined) {
      const record =
        (await clusters.get(project.name, wanted)) ??
        (await clusters.getShared(project.name, wanted));
      const results = record === undefined ? [] : [edgeView(record, project.id)];
      return c.json({ count: results.length, next: null, previous: null, results }, 200);
    }
    const { items, count } = await clusters.list(project.name, { limit, offset });
    const results = items.map((record) => edgeView(record, project.id));
    return c.json({ count, next: null, previous: null, results }, 200);
  });
  app.openapi(get, async (c) => {
    const project = projectOf(c);
    const { id } = c.req.valid('param');
    const record = await c.var.deps.store.clusters.getById(id);
    if (record === undefined || !mayRead(record, project.name)) {
      throw new AppError(ErrorCode.NotFound, `project ${project.name} has no cluster ${id}`);
    }
    return c.json(edgeView(record, project.id), 200);
  });
}
