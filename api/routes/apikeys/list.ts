import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { principalOf, type ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { keyAccess } from '../../middleware/access.js';
import { apiKeyView, apiKeyViewSchema, type ApiKeyView } from '../../schemas/apiKey.js';
import { API_KEYS } from './paths.js';

const route = createRoute({
  method: 'get',
  path: API_KEYS,
  operationId: 'listApiKeys',
  summary: 'The API keys: all, or those of the project that the key is for',
  tags: ['API keys'],
  middleware: keyAccess('admin'),
  responses: {
    200: json<{ items: ApiKeyView[] }>(
      z.object({ items: z.array(apiKeyViewSchema) }).meta({ id: 'ApiKeyList' }),
      'The keys, without the keys themselves',
    ),
    ...errors(401, 403),
  },
});

export function listApiKeys(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = principalOf(c);
    const keys = await c.var.deps.store.apiKeys.list();
    const visible = keys.filter((key) => project === undefined || key.project === project);
    return c.json({ items: visible.map(apiKeyView) }, 200);
  });
}
