import { PROJECT_VIEW_EXAMPLE } from '../../schemas/project.js';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { projectOf, type ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { projectParam } from '../../schemas/params.js';
import { projectViewSchema, type ProjectView } from '../../schemas/project.js';
import { projectView } from '../../views/projectView.js';
import { PROJECTS } from './paths.js';

const route = createRoute({
  method: 'get',
  path: `${PROJECTS}/{project}`,
  operationId: 'getProject',
  summary: 'A project',
  tags: ['Projects'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam },
  responses: {
    200: json<ProjectView>(projectViewSchema, 'The project', PROJECT_VIEW_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function getProject(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (c) => c.json(projectView(projectOf(c)), 200));
}
