import { createHash, randomUUID } from 'node:crypto';

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { audit } from '../../audit.js';
import { generateApiKey, hashApiKey } from '../../auth/apiKey.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { keyAccess } from '../../middleware/access.js';
import {
  API_KEY_EXAMPLE,
  API_KEY_VIEW_EXAMPLE,
  apiKeySchema,
  apiKeyView,
  newApiKeySchema,
  type ApiKeyView,
} from '../../schemas/apiKey.js';
import { API_KEYS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: API_KEYS,
  operationId: 'createApiKey',
  summary: 'Create an API key',
  description: 'The key is in this answer only: what is kept of it is a hash.',
  tags: ['API keys'],
  middleware: keyAccess('admin'),
  request: {
    body: documentBody('ApiKey', API_KEY_EXAMPLE),
  },
  responses: {
    200: json<ApiKeyView & { key: string }>(newApiKeySchema, 'The key', {
      ...API_KEY_VIEW_EXAMPLE,
      key: 'plinth_Xq3…',
    }),
    ...errors(400, 401, 403, 413, 415),
  },
});

export function createApiKey(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('ApiKey', apiKeySchema);
  app.openapi(route, async (c) => {
    const { store } = c.var.deps;
    const { name, role, project } = await readBody(c, apiKeySchema);
    const own = principalOf(c);
    if (own.project !== undefined && project !== own.project) {
      throw new AppError(
        ErrorCode.Forbidden,
        `the key ${own.name} is for project ${own.project}: it makes keys for that project only`,
      );
    }
    if (project !== undefined && (await store.projects.get(project)) === undefined) {
      throw new AppError(ErrorCode.InvalidRequest, 'the request is not valid', {
        problems: [{ path: 'project', message: `project ${project} does not exist` }],
      });
    }
    const key = generateApiKey();
    const attempt = c.get('idempotency');
    const made = {
      ...{ id: idOf(attempt?.request), name, role, hash: hashApiKey(key) },
      ...(project === undefined ? {} : { project }),
    };
    // An answer that was lost with its process leaves a key that nobody has: the next attempt's takes its place.
    const record =
      attempt === undefined
        ? await store.apiKeys.create(made)
        : await store.apiKeys.createOnce(made, attempt.lease);
    await audit(c, {
      action: 'apikey.create',
      ...(project === undefined ? {} : { project }),
      resource: `apikeys/${record.id}`,
      summary: `${name}, ${role}`,
    });
    return c.json({ ...apiKeyView(record), key }, 200, { 'cache-control': 'no-store' });
  });
}

/** The same for every attempt at one request. */
function idOf(request: string | undefined): string {
  if (request === undefined) return randomUUID();
  const hex = createHash('sha256').update(`api key of ${request}`).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
}
