import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { blueprintOwner, isBuiltIn } from '../../../core/blueprints.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { blueprintParams } from '../../schemas/params.js';
import { BLUEPRINT } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: BLUEPRINT,
  operationId: 'deleteBlueprint',
  summary: 'Delete a blueprint that no cluster names, with all its versions',
  tags: ['Blueprints'],
  middleware: projectAccess('operator'),
  request: { params: blueprintParams },
  responses: {
    200: { description: 'It is gone. The body is empty' },
    ...errors(401, 403, 404, 409),
  },
});

export function deleteBlueprint(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const { blueprints, secrets } = c.var.deps.store;
    if (isBuiltIn(name)) {
      throw new AppError(ErrorCode.Conflict, `blueprint ${name} is built in: every project has it`);
    }
    const { removed, usedBy } = await blueprints.remove(project, name);
    if (usedBy.length > 0) {
      throw new AppError(
        ErrorCode.Conflict,
        `blueprint ${name} is used by ${usedBy.length === 1 ? 'cluster' : 'clusters'} ${usedBy.join(', ')}: apply ${usedBy.length === 1 ? 'it' : 'them'} with another one first`,
      );
    }
    if (!removed) {
      throw new AppError(ErrorCode.NotFound, `project ${project} has no blueprint ${name}`);
    }
    await secrets.remove(blueprintOwner(project, name));
    await audit(c, {
      action: 'blueprint.delete',
      project,
      resource: `blueprints/${name}`,
      summary: `blueprint ${name}`,
    });
    return c.body(null, 200);
  });
}
