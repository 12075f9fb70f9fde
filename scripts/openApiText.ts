import { fileURLToPath } from 'node:url';

import { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../api/env.js';
import { openApiDocument } from '../api/openApiDocument.js';
import { registerRoutes } from '../api/registerRoutes.js';
import { packageVersion } from '../embedded/packageVersion.js';

/** The committed document: for people who generate clients without starting the service. */
export const OPENAPI_FILE = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

/** The document of `/openapi.json`, laid out for diffs. */
export async function openApiText(): Promise<string> {
  const app = new OpenAPIHono<ApiEnv>();
  registerRoutes(app);
  return `${JSON.stringify(openApiDocument(app, await packageVersion()), null, 2)}\n`;
}
