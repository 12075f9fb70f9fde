import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { healthz } from './healthz.js';
import { readyz } from './readyz.js';

export function registerHealth(app: OpenAPIHono<ApiEnv>): void {
  healthz(app);
  readyz(app);
}
