import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';

const FOLDER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The only files that are served, all from the installed package: the page works without the internet. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>plinth API</title>
<link rel="icon" type="image/png" href="/swagger/favicon-32x32.png">
<link rel="stylesheet" href="/swagger/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script src="/swagger/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });
`;

/** Swagger UI draws its icons as data: images and sets styles on elements; scripts are ours alone. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

export function swagger(app: OpenAPIHono<ApiEnv>): void {
  app.get('/swagger', (c) => c.html(PAGE, 200, { 'content-security-policy': POLICY }));
  app.get('/swagger/start.js', (c) =>
    c.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  for (const [file, type] of FILES) {
    app.get(`/swagger/${file}`, async (c) =>
      c.body(new Uint8Array(await readFile(join(FOLDER, file))), 200, {
        'content-type': type,
        'cache-control': 'public, max-age=3600',
      }),
    );
  }
}
