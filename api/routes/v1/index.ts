import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { v1Edges } from './edges.js';
import { v1Projects } from './projects.js';
import { v2ClusterLabels } from './scheduler.js';

/** What clients of the V3 API look up along the way. */
export function registerV1(app: OpenAPIHono<ApiEnv>): void {
  v1Projects(app);
  v1Edges(app);
  v2ClusterLabels(app);
}
