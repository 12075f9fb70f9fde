import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { API_VERSION } from '../../../core/words.js';
import { isBuiltIn } from '../../../core/blueprints.js';
import type { ApiEnv } from '../../env.js';
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
import { projectAccess } from '../../middleware/access.js';
import {
  BLUEPRINT_VIEW_EXAMPLE,
  blueprintView,
  blueprintViewSchema,
  builtInView,
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

export const blueprintListSchema = z
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
  description:
    'Those that are built in, and the newest version of each of its own, without contents.',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: { params: projectParam, headers: readHeaders, query: listQuery({ name: nameFilter() }) },
  responses: {
    200: json<BlueprintList>(blueprintListSchema, 'The blueprints', {
      apiVersion: API_VERSION,
      kind: 'BlueprintList',
      metadata: { count: 1, limit: 100, offset: 0 },
      items: [BLUEPRINT_VIEW_EXAMPLE],
    }),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listBlueprints(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const { store, config } = c.var.deps;
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['blueprints', project], z.string());
    const { name: wanted } = asked;
    const builtIn = config.blueprints.filter(isBuiltIn).filter((name) => {
      if (wanted === undefined) return true;
      return 'exact' in wanted ? name === wanted.exact : name.startsWith(wanted.prefix);
    });
    const later = builtIn.filter((name) => page.after === undefined || name > page.after);
    // Names of both in one order: however the built-in ones lie, these of its own reach over the page.
    const skipped = Math.max(0, page.offset - later.length);
    const own = await store.blueprints.list(project, {
      ...defined({ name: wanted, after: page.after }),
      ...{ offset: skipped, limit: page.limit + later.length },
    });
    const [first] = own.items;
    const between = later.filter((name) => skipped === 0 || (first && name > first.name));
    const names = [...between, ...own.items.map(({ name }) => name)].toSorted();
    const start = page.offset - skipped - (later.length - between.length);
    const shown = names.slice(start, start + page.limit);
    const more = own.more || names.length > start + page.limit;
    const records = new Map(own.items.map((record) => [record.name, record]));
    const items = await Promise.all(
      shown.map(async (name) => {
        if (isBuiltIn(name)) return builtInView(name, project);
        const [record, version] = [
          records.get(name),
          await store.blueprints.version(project, name),
        ];
        // Deleted meanwhile, or its first version is being made.
        if (record === undefined || version === undefined) return undefined;
        return blueprintView(record, version);
      }),
    );
    return taggedJson(c, {
      apiVersion: API_VERSION,
      kind: 'BlueprintList' as const,
      metadata: metadata(builtIn.length + own.count, more ? shown.at(-1) : undefined),
      items: items.filter((item) => item !== undefined),
    });
  });
}
