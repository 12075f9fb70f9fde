import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { openapiJson } from './openapi.js';
import { swagger } from './swagger.js';

export function registerDocs(app: OpenAPIHono<ApiEnv>): void {
  openapiJson(app);
  swagger(app);
}
