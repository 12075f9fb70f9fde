import { routePath } from 'hono/route';

import type { ApiContext } from '../env.js';

/** A client may make up methods: a word of its own for each would cost memory without bound. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
]);

/** The request's method; undefined where it is none that there is. */
export function methodOf(c: ApiContext): string | undefined {
  return METHODS.has(c.req.method) ? c.req.method : undefined;
}

/** The pattern of the route that has answered; undefined where there is no such route. */
export function routeOf(c: ApiContext): string | undefined {
  const pattern = routePath(c, -1);
  // Middleware is at `/*`: that is what is left where no route is.
  return pattern.includes('*') ? undefined : pattern;
}
