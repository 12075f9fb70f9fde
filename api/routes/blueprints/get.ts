import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { shownBlueprint } from '../../findBlueprint.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import {
  BLUEPRINT_VIEW_EXAMPLE,
  blueprintViewSchema,
  type BlueprintView,
} from '../../schemas/blueprint.js';
import { blueprintParams } from '../../schemas/params.js';
import { BLUEPRINT } from './paths.js';

const route = createRoute({
  method: 'get',
  path: BLUEPRINT,
  operationId: 'getBlueprint',
  summary: 'A blueprint: its newest version, or the one that is asked for',
  description: 'Viewers do not see the contents of its add-ons: they may hold Secrets.',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: {
    params: blueprintParams,
    query: z.object({
      version: z.string().min(1).optional().meta({ description: 'Left out: the newest' }),
    }),
  },
  responses: {
    200: json<BlueprintView>(blueprintViewSchema, 'The blueprint', BLUEPRINT_VIEW_EXAMPLE),
    ...errors(400, 401, 403, 404),
  },
});

export function getBlueprint(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    return c.json(await shownBlueprint(c, of, c.req.valid('query').version), 200);
  });
}
