import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';

import { AppError, ErrorCode } from '../../core/errors.js';
import type { ApiEnv } from '../env.js';

type Definition = OpenAPIHono<ApiEnv>['openAPIRegistry']['definitions'][number];
type Route = Extract<Definition, { type: 'route' }>['route'];

const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Refuses `dryRun` where a change cannot be tried: a query that is not read would be taken for none, and the change be
 * made. Holds for every route of the app, those that come later too.
 * @throws AppError InvalidRequest
 */
export function refuseDryRun(app: OpenAPIHono<ApiEnv>) {
  let trying: ReadonlySet<string> | undefined;
  return createMiddleware<ApiEnv>(async (c, next) => {
    const asked = c.req.queries('dryRun') ?? [];
    if (CHANGING.has(c.req.method) && asked.some((value) => value !== 'false')) {
      // By the first request all routes are there.
      trying ??= new Set(routesOf(app).filter(takesDryRun).map(patternOf));
      const route = matchedRoutes(c).at(-1);
      // ALL: only middleware, and so no route at all.
      if (route !== undefined && route.method !== 'ALL') {
        if (!trying.has(`${route.method} ${route.path}`)) throw refusal();
      }
    }
    await next();
  });
}

/** Whether the operation can be tried without changing anything. */
export function canDryRun(app: OpenAPIHono<ApiEnv>, operationId: string): boolean {
  return routesOf(app).some((route) => route.operationId === operationId && takesDryRun(route));
}

function routesOf(app: OpenAPIHono<ApiEnv>): Route[] {
  return app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' ? [definition.route] : [],
  );
}

function takesDryRun({ request }: Route): boolean {
  return request?.query instanceof z.ZodObject && 'dryRun' in request.query.shape;
}

/** As the router has it. */
function patternOf({ method, path }: Route): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{([^}]+)\}/g, ':$1')}`;
}

function refusal(): AppError {
  const message = 'this change cannot be tried: it would be made';
  return new AppError(ErrorCode.InvalidRequest, 'the request is not valid', {
    problems: [{ path: 'dryRun', message }],
  });
}
