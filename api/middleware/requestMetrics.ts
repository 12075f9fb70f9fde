import { createMiddleware } from 'hono/factory';

import type { ApiEnv } from '../env.js';
import { methodOf, routeOf } from '../http/routeOf.js';
import type { ApiMetrics } from '../metrics/apiMetrics.js';

/** Counts and times every request, by the pattern of the route that answered it. */
export function requestMetrics(metrics: ApiMetrics) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const started = performance.now();
    await next();
    metrics.answered({
      method: methodOf(c) ?? 'other',
      route: routeOf(c) ?? 'none',
      status: c.res.status,
      seconds: (performance.now() - started) / 1000,
    });
  });
}
