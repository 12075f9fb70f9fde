import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { consoleCluster } from './cluster.js';
import { consoleClusters } from './clusters.js';
import { consolePages } from './files.js';
import { consoleSession } from './session.js';

/** The web console: its page, its sessions, and what only it asks for. Not in the OpenAPI document. */
export function registerConsole(app: OpenAPIHono<ApiEnv>): void {
  consolePages(app);
  consoleSession(app);
  consoleClusters(app);
  consoleCluster(app);
}
