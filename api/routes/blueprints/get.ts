import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import {
  BLUEPRINT_EXAMPLE,
  blueprintView,
  blueprintViewSchema,
  type BlueprintView,
} from '../../schemas/blueprint.js';
import { blueprintParams } from '../../schemas/params.js';
import { BLUEPRINTS } from './paths.js';

const route = createRoute({
  method: 'get',
  path: `${BLUEPRINTS}/{name}`,
  operationId: 'getBlueprint',
  summary: 'A blueprint',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: { params: blueprintParams },
  responses: {
    200: json<BlueprintView>(blueprintViewSchema, 'The blueprint', BLUEPRINT_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function getBlueprint(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (c) => {
    const { project, name } = c.req.valid('param');
    if (!c.var.deps.config.blueprints.includes(name)) {
      throw new AppError(ErrorCode.NotFound, `project ${project} has no blueprint ${name}`);
    }
    return c.json(blueprintView(name, project), 200);
  });
}
