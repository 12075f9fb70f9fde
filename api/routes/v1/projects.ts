import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { principalOf, projectOf, type ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { keyAccess, projectIdAccess } from '../../middleware/access.js';
import {
  V1_PROJECT_EXAMPLE,
  v1List,
  v1Name,
  v1Page,
  v1ProjectSchema,
  v1Query,
  type V1List,
} from '../../schemas/v1.js';
import { v1ProjectView, type V1ProjectView } from '../../views/v1ProjectView.js';
import { visibleProjects } from '../../visibleProjects.js';

const list = createRoute({
  method: 'get',
  path: '/auth/v1/projects',
  operationId: 'v1ListProjects',
  summary: 'Projects, by name',
  tags: ['v1'],
  middleware: keyAccess('viewer'),
  request: { query: v1Query },
  responses: {
    200: json<V1List<V1ProjectView>>(v1List(v1ProjectSchema, 'V1ProjectList'), 'The projects', {
      ...{ count: 1, next: null, previous: null },
      results: [V1_PROJECT_EXAMPLE],
    }),
    ...errors(400, 401, 403),
  },
});

const get = createRoute({
  method: 'get',
  path: '/auth/v1/projects/{projectId}',
  operationId: 'v1GetProject',
  summary: 'A project, by its id',
  tags: ['v1'],
  middleware: projectIdAccess('viewer'),
  request: { params: z.object({ projectId: z.string().meta({ example: 'k3v9x1q' }) }) },
  responses: {
    200: json<V1ProjectView>(v1ProjectSchema, 'The project', V1_PROJECT_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function v1Projects(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(list, async (c) => {
    const { limit, offset, ...asked } = c.req.valid('query');
    const page = { limit, offset, ...v1Name(asked) };
    const { items, count } = await visibleProjects(c.var.deps.store, principalOf(c), page);
    const results = items.map(v1ProjectView);
    return c.json({ ...v1Page(c.req.url, { limit, offset, count }), results }, 200);
  });
  app.openapi(get, (c) => c.json(v1ProjectView(projectOf(c)), 200));
}
