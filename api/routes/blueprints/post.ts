import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { blueprintSchema } from '../../../core/spec/schema/blueprint.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { viewFor } from '../../findBlueprint.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readDocument } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { startRollout } from '../../notifyWorkflow.js';
import { putBlueprint } from '../../putBlueprint.js';
import {
  BLUEPRINT_EXAMPLE,
  BLUEPRINT_VIEW_EXAMPLE,
  blueprintViewSchema,
  type BlueprintView,
} from '../../schemas/blueprint.js';
import { projectParam } from '../../schemas/params.js';
import { BLUEPRINTS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: BLUEPRINTS,
  operationId: 'applyBlueprint',
  summary: 'Make a blueprint, or a new version of it',
  description:
    'Another content is another version, which never changes; the word for it is `spec.version`, or v1, v2, … by the ' +
    'server. Clusters that name the blueprint without a version get it, some at a time by `spec.rollout`. What add-ons ' +
    'have by URL is read now, once. The same again makes no version, but begins a rollout that has stopped anew.',
  tags: ['Blueprints'],
  middleware: projectAccess('operator'),
  request: { params: projectParam, body: documentBody('Blueprint', BLUEPRINT_EXAMPLE) },
  responses: {
    200: json<BlueprintView>(blueprintViewSchema, 'The blueprint', BLUEPRINT_VIEW_EXAMPLE),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

export function postBlueprint(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Blueprint', blueprintSchema);
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const raw = await readDocument(c);
    const { record, version, created, changed } = await putBlueprint(c.var.deps, project, raw);
    await audit(c, {
      action: created ? 'blueprint.create' : 'blueprint.update',
      project,
      resource: `blueprints/${record.name}`,
      summary: changed ? `version ${version.version}` : `no new version: ${version.version}`,
    });
    if (!created) await startRollout(c, record);
    return c.json(await viewFor(c, record, version), 200);
  });
}
