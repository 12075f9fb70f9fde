import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { acceptHostKey } from './acceptHostKey.js';
import { approveNode } from './approve.js';
import { dismissNode } from './dismiss.js';
import { listNodes } from './list.js';

export function registerNodes(app: OpenAPIHono<ApiEnv>): void {
  listNodes(app);
  approveNode(app);
  acceptHostKey(app);
  dismissNode(app);
}
