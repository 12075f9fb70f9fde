import { randomUUID } from 'node:crypto';

import { createMiddleware } from 'hono/factory';

import { withoutKeys } from '../auth/apiKey.js';
import type { ApiEnv } from '../env.js';

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
