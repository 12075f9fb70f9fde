import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { followTasksetLogs } from './followLogs.js';
import { getTaskset } from './get.js';
import { listTasksets } from './list.js';
import { getTasksetLogs } from './logs.js';

export function registerTasksets(app: OpenAPIHono<ApiEnv>): void {
  listTasksets(app);
  getTaskset(app);
  getTasksetLogs(app);
  followTasksetLogs(app);
}
