import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { json } from '../../http/describe.js';

interface Health {
  status: 'ok';
  version: string;
}

const healthSchema = z
  .object({
    status: z.literal('ok'),
    version: z.string().meta({ description: 'Of plinth.' }),
  })
  .meta({ id: 'Health' });

const route = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'healthz',
  summary: 'The process answers, and which plinth it is',
  tags: ['Health'],
  security: [],
  responses: {
    200: json<Health>(healthSchema, 'It does', { status: 'ok', version: '0.1.0' }),
  },
});

export function healthz(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (c) =>
    c.json({ status: 'ok' as const, version: c.var.deps.config.version }, 200),
  );
}
