import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { json } from '../../http/describe.js';

const route = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'healthz',
  summary: 'The process answers',
  tags: ['Health'],
  security: [],
  responses: {
    200: json<{ status: 'ok' }>(z.object({ status: z.literal('ok') }), 'It does', { status: 'ok' }),
  },
});

export function healthz(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (c) => c.json({ status: 'ok' as const }, 200));
}
