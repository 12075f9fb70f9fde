import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { PROJECT_VIEW_EXAMPLE } from '../../schemas/project.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { principalOf, type ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import {
  listMetadataSchema,
  listQuery,
  nameFilter,
  pageOf,
  type ListMetadata,
} from '../../http/listQuery.js';
import { keyAccess } from '../../middleware/access.js';
import { projectViewSchema, SYSTEM_API_VERSION, type ProjectView } from '../../schemas/project.js';
import { projectView } from '../../views/projectView.js';
import { visibleProjects } from '../../visibleProjects.js';
import { PROJECTS } from './paths.js';

interface ProjectList {
  apiVersion: string;
  kind: 'ProjectList';
  metadata: ListMetadata;
  items: ProjectView[];
}

const projectListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('ProjectList'),
    metadata: listMetadataSchema,
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
  request: { headers: readHeaders, query: listQuery({ name: nameFilter() }) },
  responses: {
    200: json<ProjectList>(projectListSchema, 'The projects', {
      ...{ apiVersion: SYSTEM_API_VERSION, kind: 'ProjectList' },
      ...{ metadata: LIST_METADATA_EXAMPLE, items: [PROJECT_VIEW_EXAMPLE] },
    }),
    ...notModified,
    ...errors(400, 401, 403),
  },
});

export function listProjects(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { store } = c.var.deps;
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['projects'], z.string());
    const { items, count, more } = await visibleProjects(store, principalOf(c), {
      ...page,
      ...defined({ name: asked.name }),
    });
    return taggedJson(c, {
      apiVersion: SYSTEM_API_VERSION,
      kind: 'ProjectList' as const,
      metadata: metadata(count, more ? items.at(-1)?.name : undefined),
      items: items.map(projectView),
    });
  });
}
