import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { API_VERSION } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import {
  listMetadataSchema,
  listQuery,
  nameFilter,
  pageOf,
  type ListMetadata,
} from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import {
  BLUEPRINT_EXAMPLE,
  blueprintView,
  blueprintViewSchema,
  type BlueprintView,
} from '../../schemas/blueprint.js';
import { projectParam } from '../../schemas/params.js';
import { BLUEPRINTS } from './paths.js';

interface BlueprintList {
  apiVersion: string;
  kind: 'BlueprintList';
  metadata: ListMetadata;
  items: BlueprintView[];
}

const blueprintListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('BlueprintList'),
    metadata: listMetadataSchema,
    items: z.array(blueprintViewSchema),
  })
  .meta({ id: 'BlueprintList' });

const route = createRoute({
  method: 'get',
  path: BLUEPRINTS,
  operationId: 'listBlueprints',
  summary: 'The blueprints that clusters of a project can have, by name',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam, query: listQuery({ name: nameFilter() }) },
  responses: {
    200: json<BlueprintList>(blueprintListSchema, 'The blueprints', {
      apiVersion: API_VERSION,
      kind: 'BlueprintList',
      metadata: { count: 1, limit: 100, offset: 0 },
      items: [BLUEPRINT_EXAMPLE],
    }),
    ...errors(400, 401, 403, 404),
  },
});

export function listBlueprints(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (c) => {
    const { project } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['blueprints', project], z.string());
    const { name: wanted } = asked;
    const names = c.var.deps.config.blueprints
      .filter((name) => {
        if (wanted === undefined) return true;
        return 'exact' in wanted ? name === wanted.exact : name.startsWith(wanted.prefix);
      })
      .toSorted();
    const { after, offset, limit } = page;
    const rest = names.filter((name) => after === undefined || name > after).slice(offset);
    const shown = rest.slice(0, limit);
    return c.json(
      {
        apiVersion: API_VERSION,
        kind: 'BlueprintList' as const,
        metadata: metadata(names.length, rest.length > limit ? shown.at(-1) : undefined),
        items: shown.map((name) => blueprintView(name, project)),
      },
      200,
    );
  });
}
