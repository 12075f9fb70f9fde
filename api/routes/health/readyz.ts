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

/** Needs no key, so it costs no more than one question at a time to each, however many ask. */
export function readyz(app: OpenAPIHono<ApiEnv>): void {
  const asked = new Map<string, Promise<string>>();
  app.openapi(route, async (c) => {
    const { store, workflows, log } = c.var.deps;
    const check = (name: string, ping: () => Promise<void>): Promise<string> => {
      const running = asked.get(name);
      if (running !== undefined) return running;
      const answer = ping()
        .then(() => 'ok')
        .catch((error: unknown) => {
          log.warn({ err: error }, `not ready: ${name}`);
          return 'does not answer';
        })
        .finally(() => asked.delete(name));
      asked.set(name, answer);
      return answer;
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
