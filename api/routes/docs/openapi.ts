import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { openApiDocument } from '../../openApiDocument.js';

/** Made once, at the first request: it never changes while the process runs. */
export function openapiJson(app: OpenAPIHono<ApiEnv>): void {
  let text: string | undefined;
  app.get('/openapi.json', (c) => {
    text ??= JSON.stringify(openApiDocument(app, c.var.deps.config.version));
    return c.body(text, 200, { 'content-type': 'application/json' });
  });
}
