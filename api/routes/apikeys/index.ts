import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { revokeApiKey } from './delete.js';
import { listApiKeys } from './list.js';
import { createApiKey } from './post.js';

export function registerApiKeys(app: OpenAPIHono<ApiEnv>): void {
  listApiKeys(app);
  createApiKey(app);
  revokeApiKey(app);
}
