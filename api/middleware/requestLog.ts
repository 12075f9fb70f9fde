import { randomUUID } from 'node:crypto';

import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';

import { withoutKeys } from '../auth/apiKey.js';
import type { ApiContext, ApiEnv } from '../env.js';

/** What a request id of a client may look like: it goes into logs and headers. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * Gives the request an id (`x-request-id`, the client's own where it sent one) and writes one wide line
 * about it: what was asked by whom, what was answered, how long it took. Never a header, a query or a body.
 */
export function requestLog() {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const started = performance.now();
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    c.set('requestId', requestId);
    await next();
    c.res.headers.set('x-request-id', requestId);
    const principal = c.get('principal');
    const line = {
      requestId,
      method: c.req.method,
      path: withoutKeys(c.req.path),
      ...subjectOf(c),
      status: c.res.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      key: principal?.name,
      keyId: principal?.keyId,
      error: c.get('errorCode'),
      userAgent: c.req.header('user-agent'),
      bytesIn: c.req.header('content-length'),
    };
    const { log } = c.var.deps;
    if (c.res.status >= 500) log.error(line, 'request');
    else log.info(line, 'request');
  });
}

/** What the path is about, in the words that the worker's lines have, too. */
export function subjectOf(c: ApiContext): Record<string, string> {
  const pattern = routePath(c, -1);
  const param = (name: string): string | undefined => c.req.param(name);
  const found = {
    project: c.get('project')?.name,
    cluster: pattern.includes('/clusters/:name') ? param('name') : undefined,
    taskset: pattern.includes('/tasksets/:id') ? param('id') : undefined,
    node: pattern.includes('/nodes/:hostname') ? param('hostname') : undefined,
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, withoutKeys(value)]],
    ),
  );
}
