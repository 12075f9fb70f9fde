import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { deleteCredential } from './delete.js';
import { getCredential } from './get.js';
import { listCredentials } from './list.js';
import { postCredential } from './post.js';

export function registerCredentials(app: OpenAPIHono<ApiEnv>): void {
  listCredentials(app);
  postCredential(app);
  getCredential(app);
  deleteCredential(app);
}
