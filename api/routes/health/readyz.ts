import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { json } from '../../http/describe.js';

interface Readiness {
  status: 'ok' | 'not ready';
  checks: { database: string; temporal: string };
}

const readinessSchema = z
  .object({
    status: z.enum(['ok', 'not ready']),
    checks: z.object({ database: z.string(), temporal: z.string() }),
  })
  .meta({ id: 'Readiness' });

const route = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'readyz',
  summary: 'The database and Temporal answer',
  tags: ['Health'],
  security: [],
  responses: {
    200: json<Readiness>(readinessSchema, 'They do', {
      ...{ status: 'ok', checks: { database: 'ok', temporal: 'ok' } },
    }),
    503: json<Readiness>(readinessSchema, 'One of them does not, within 2 s', {
      ...{ status: 'not ready', checks: { database: 'ok', temporal: 'does not answer' } },
    }),
  },
});

export function readyz(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { store, workflows, log } = c.var.deps;
    const check = async (name: string, ping: () => Promise<void>): Promise<string> => {
      try {
        await ping();
        return 'ok';
      } catch (error) {
        log.warn({ err: error }, `not ready: ${name}`);
        return 'does not answer';
      }
    };
    const [database, temporal] = await Promise.all([
      check('database', () => store.ping()),
      check('temporal', () => workflows.ping()),
    ]);
    const checks = { database, temporal };
    return database === 'ok' && temporal === 'ok'
      ? c.json({ status: 'ok' as const, checks }, 200)
      : c.json({ status: 'not ready' as const, checks }, 503);
  });
}
