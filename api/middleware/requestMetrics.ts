import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';

import type { ApiEnv } from '../env.js';
import type { ApiMetrics } from '../metrics/apiMetrics.js';

/** A client may make up methods: a label of its own for each would cost memory without bound. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
]);

/** Counts and times every request, by the pattern of the route that answered it. */
export function requestMetrics(metrics: ApiMetrics) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const started = performance.now();
    await next();
    const pattern = routePath(c, -1);
    metrics.answered({
      method: METHODS.has(c.req.method) ? c.req.method : 'other',
      // Middleware is at `/*`: that is what is left where no route is.
      route: pattern.includes('*') ? 'none' : pattern,
      status: c.res.status,
      seconds: (performance.now() - started) / 1000,
    });
  });
}
