import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { getBlueprint } from './get.js';
import { listBlueprints } from './list.js';

export function registerBlueprints(app: OpenAPIHono<ApiEnv>): void {
  listBlueprints(app);
  getBlueprint(app);
}
