import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { deleteWebhook } from './delete.js';
import { getWebhook } from './get.js';
import { listWebhooks } from './list.js';
import { postWebhook } from './post.js';

export function registerWebhooks(app: OpenAPIHono<ApiEnv>): void {
  listWebhooks(app);
  postWebhook(app);
  getWebhook(app);
  deleteWebhook(app);
}
