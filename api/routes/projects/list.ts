import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { principalOf, type ApiEnv } from '../../env.js';
import { errors, json, pageQuery } from '../../http/describe.js';
import { keyAccess } from '../../middleware/access.js';
import { projectViewSchema, SYSTEM_API_VERSION, type ProjectView } from '../../schemas/project.js';
import { projectView } from '../../views/projectView.js';
import { visibleProjects } from '../../visibleProjects.js';
import { PROJECTS } from './paths.js';

interface ProjectList {
  apiVersion: string;
  kind: 'ProjectList';
  metadata: { count: number; limit: number; offset: number };
  items: ProjectView[];
}

const projectListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('ProjectList'),
    metadata: z.object({ count: z.int(), limit: z.int(), offset: z.int() }),
    items: z.array(projectViewSchema),
  })
  .meta({ id: 'ProjectList' });

const route = createRoute({
  method: 'get',
  path: PROJECTS,
  operationId: 'listProjects',
  summary: 'The projects that the key may enter, by name',
  tags: ['Projects'],
  middleware: keyAccess('viewer'),
  request: { query: pageQuery },
  responses: {
    200: json<ProjectList>(projectListSchema, 'The projects'),
    ...errors(400, 401, 403),
  },
});

export function listProjects(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const page = c.req.valid('query');
    const { items, count } = await visibleProjects(c.var.deps.store, principalOf(c), page);
    return c.json(
      {
        apiVersion: SYSTEM_API_VERSION,
        kind: 'ProjectList' as const,
        metadata: { count, ...page },
        items: items.map(projectView),
      },
      200,
    );
  });
}
