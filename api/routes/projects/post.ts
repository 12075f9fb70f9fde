import { PROJECT_VIEW_EXAMPLE } from '../../schemas/project.js';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { globalAccess } from '../../middleware/access.js';
import {
  PROJECT_EXAMPLE,
  projectSchema,
  projectViewSchema,
  type ProjectView,
} from '../../schemas/project.js';
import { projectView } from '../../views/projectView.js';
import { PROJECTS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: PROJECTS,
  operationId: 'createProject',
  summary: 'Create a project',
  tags: ['Projects'],
  middleware: globalAccess('admin'),
  request: { body: documentBody('Project', PROJECT_EXAMPLE) },
  responses: {
    200: json<ProjectView>(projectViewSchema, 'The project', PROJECT_VIEW_EXAMPLE),
    ...errors(400, 401, 403, 409, 413, 415),
  },
});

export function createProject(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Project', projectSchema);
  app.openapi(route, async (c) => {
    const { metadata } = await readBody(c, projectSchema);
    const project = await c.var.deps.store.projects.create({
      name: metadata.name,
      ...(metadata.description === undefined ? {} : { description: metadata.description }),
    });
    await audit(c, {
      action: 'project.create',
      project: project.name,
      resource: `projects/${project.name}`,
      summary: `project ${project.id}`,
    });
    return c.json(projectView(project), 200);
  });
}
