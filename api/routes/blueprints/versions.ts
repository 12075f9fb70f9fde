import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { API_VERSION } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { findBlueprint } from '../../findBlueprint.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import { listQuery, pageOf, type ListMetadata } from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import {
  BLUEPRINT_VIEW_EXAMPLE,
  blueprintView,
  type BlueprintView,
} from '../../schemas/blueprint.js';
import { blueprintParams } from '../../schemas/params.js';
import { blueprintListSchema } from './list.js';
import { BLUEPRINT } from './paths.js';

interface BlueprintVersionList {
  apiVersion: string;
  kind: 'BlueprintList';
  metadata: ListMetadata;
  items: BlueprintView[];
}

const route = createRoute({
  method: 'get',
  path: `${BLUEPRINT}/versions`,
  operationId: 'listBlueprintVersions',
  summary: 'The versions of a blueprint, the newest first, without contents',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: { params: blueprintParams, headers: readHeaders, query: listQuery({}) },
  responses: {
    200: json<BlueprintVersionList>(blueprintListSchema, 'The versions', {
      apiVersion: API_VERSION,
      kind: 'BlueprintList',
      metadata: { count: 1, limit: 100, offset: 0 },
      items: [BLUEPRINT_VIEW_EXAMPLE],
    }),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listBlueprintVersions(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['versions', project, name], z.int());
    const { record } = await findBlueprint(c, { project, name });
    const { items, count, more } = await c.var.deps.store.blueprints.versions(project, name, page);
    return taggedJson(c, {
      apiVersion: API_VERSION,
      kind: 'BlueprintList' as const,
      metadata: metadata(count, more ? items.at(-1)?.sequence : undefined),
      items: items.map((version) => blueprintView(record, version)),
    });
  });
}
