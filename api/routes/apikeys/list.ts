import { API_KEY_VIEW_EXAMPLE } from '../../schemas/apiKey.js';
import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
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
  wordsFilter,
  type ListMetadata,
} from '../../http/listQuery.js';
import { keyAccess } from '../../middleware/access.js';
import { apiKeyView, apiKeyViewSchema, type ApiKeyView } from '../../schemas/apiKey.js';
import { visibleProject } from '../../visibleProject.js';
import { API_KEYS } from './paths.js';

interface ApiKeyList {
  metadata: ListMetadata;
  items: ApiKeyView[];
}

const query = listQuery({
  name: nameFilter(),
  project: z.string().min(1).optional().meta({ description: 'Only those for this project' }),
  status: wordsFilter(['active', 'revoked'], 'Whether it opens anything'),
});

/** Names may be taken twice. */
const order = z.object({ name: z.string(), id: z.string() });

const route = createRoute({
  method: 'get',
  path: API_KEYS,
  operationId: 'listApiKeys',
  summary: 'The API keys, by name: all, or those of the project that the key is for',
  tags: ['API keys'],
  middleware: keyAccess('admin'),
  request: { headers: readHeaders, query },
  responses: {
    200: json<ApiKeyList>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(apiKeyViewSchema) })
        .meta({ id: 'ApiKeyList' }),
      'The keys, without the keys themselves',
      { metadata: LIST_METADATA_EXAMPLE, items: [API_KEY_VIEW_EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403),
  },
});

export function listApiKeys(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['apikeys'], order);
    const { name, status = [] } = asked;
    const revoked = new Set(status).size === 1 ? status[0] === 'revoked' : undefined;
    const project = visibleProject(principalOf(c), asked.project);
    const { items, count, more } = await c.var.deps.store.apiKeys.page({
      ...page,
      ...defined({ name, project, revoked }),
    });
    const last = more ? items.at(-1) : undefined;
    return taggedJson(c, {
      metadata: metadata(count, last === undefined ? undefined : { name: last.name, id: last.id }),
      items: items.map(apiKeyView),
    });
  });
}
