import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { getProject } from './get.js';
import { listProjects } from './list.js';
import { createProject } from './post.js';

export function registerProjects(app: OpenAPIHono<ApiEnv>): void {
  listProjects(app);
  createProject(app);
  getProject(app);
}
