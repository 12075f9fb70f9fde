import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { deleteSnapshot } from './delete.js';
import { listSnapshots } from './list.js';
import { takeSnapshot } from './post.js';
import { restoreCluster } from './restore.js';

export function registerSnapshots(app: OpenAPIHono<ApiEnv>): void {
  listSnapshots(app);
  takeSnapshot(app);
  deleteSnapshot(app);
  restoreCluster(app);
}
