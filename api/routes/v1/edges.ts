import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { mayRead } from '../../../core/sharing.js';
import { edgeUpdateProblems, edgeUpdateSchema } from '../../edgeUpdate.js';
import { projectOf, type ApiContext, type ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { projectIdAccess } from '../../middleware/access.js';
import {
  EDGE_EXAMPLE,
  edgeSchema,
  v1List,
  v1Name,
  v1Page,
  v1Query,
  type V1List,
} from '../../schemas/v1.js';
import { edgeView, type EdgeView } from '../../views/edgeView.js';

const EDGES = '/edge/v1/projects/{projectId}/edges';
const params = z.object({
  projectId: z.string().meta({ description: "The project's id", example: 'k3v9x1q' }),
});
const edgeParams = params.extend({ id: z.string().meta({ example: 'pd270k4' }) });

const list = createRoute({
  method: 'get',
  path: EDGES,
  operationId: 'v1ListEdges',
  summary: 'Clusters, by name',
  tags: ['v1'],
  middleware: projectIdAccess('viewer'),
  request: { params, query: v1Query },
  responses: {
    200: json<V1List<EdgeView>>(v1List(edgeSchema, 'V1EdgeList'), 'The clusters', {
      ...{ count: 1, next: null, previous: null },
      results: [EDGE_EXAMPLE],
    }),
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
  request: { params: edgeParams },
  responses: {
    200: json<EdgeView>(edgeSchema, 'The cluster', EDGE_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

const put = createRoute({
  method: 'put',
  path: `${EDGES}/{id}`,
  operationId: 'v1UpdateEdge',
  summary: 'Write a cluster back as it was read',
  description:
    'For clients that do. Nothing can be changed this way: 400 names every field that would have to be. ' +
    'Changes are applied with `POST …/clusters`.',
  tags: ['v1'],
  middleware: projectIdAccess('operator'),
  request: { params: edgeParams, body: documentBody('V1EdgeUpdate', EDGE_EXAMPLE) },
  responses: {
    200: json<EdgeView>(edgeSchema, 'The cluster', EDGE_EXAMPLE),
    ...errors(400, 401, 403, 404, 413, 415),
  },
});

export function v1Edges(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(list, async (c) => {
    const { clusters } = c.var.deps.store;
    const project = projectOf(c);
    const { limit, offset, ...asked } = c.req.valid('query');
    const filter = v1Name(asked);
    if (filter.name !== undefined && 'exact' in filter.name) {
      const { exact } = filter.name;
      const record =
        (await clusters.get(project.name, exact)) ??
        (await clusters.getShared(project.name, exact));
      const results = record === undefined ? [] : [edgeView(record, project.id)];
      return c.json({ count: results.length, next: null, previous: null, results }, 200);
    }
    const { items, count } = await clusters.list(project.name, { limit, offset, ...filter });
    const results = items.map((record) => edgeView(record, project.id));
    return c.json({ ...v1Page(c.req.url, { limit, offset, count }), results }, 200);
  });
  app.openapi(get, async (c) => c.json(await findEdge(c, c.req.valid('param').id), 200));
  app.openAPIRegistry.register('V1EdgeUpdate', edgeUpdateSchema);
  app.openapi(put, async (c) => {
    const edge = await findEdge(c, c.req.valid('param').id);
    const problems = edgeUpdateProblems(edge, await readBody(c, edgeUpdateSchema));
    if (problems.length > 0) {
      throw new AppError(ErrorCode.InvalidRequest, 'the cluster cannot be changed this way', {
        problems,
      });
    }
    return c.json(edge, 200);
  });
}

async function findEdge(c: ApiContext, id: string): Promise<EdgeView> {
  const project = projectOf(c);
  const record = await c.var.deps.store.clusters.getById(id);
  if (record === undefined || !mayRead(record, project.name)) {
    throw new AppError(ErrorCode.NotFound, `project ${project.name} has no cluster ${id}`);
  }
  return edgeView(record, project.id);
}
