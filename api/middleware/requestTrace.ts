import { createMiddleware } from 'hono/factory';

import {
  parseTraceparent,
  SpanAttribute,
  subjectAttributes,
  TRACE_HEADER,
} from '../../core/traceContext.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { ApiEnv } from '../env.js';
import { methodOf, routeOf } from '../http/routeOf.js';
import { subjectOf } from './requestLog.js';

/** Asked every few seconds, by programs. */
const UNTRACED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * A span for each request, below the one that its `traceparent` names. Never a path, a query, a header or a body: the
 * route's pattern, and what it is about in the words of the log.
 */
export function requestTrace(tracing: Tracing) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (UNTRACED.has(c.req.path)) return next();
    const method = methodOf(c) ?? '_OTHER';
    const parent = parseTraceparent(c.req.header(TRACE_HEADER)) ?? 'none';
    const attributes = { 'http.request.method': method };
    await tracing.span({ name: method, kind: 'server', parent, attributes }, async (span) => {
      await next();
      const route = routeOf(c);
      const { status } = c.res;
      if (route !== undefined) {
        span.rename(`${method} ${route}`);
        span.set({ 'http.route': route });
      }
      span.set({
        'http.response.status_code': status,
        ...subjectAttributes({ ...subjectOf(c), requestId: c.get('requestId') }),
      });
      const code = c.get('errorCode');
      if (status >= 500) span.fail(code ?? String(status));
      else if (code !== undefined) span.set({ [SpanAttribute.ErrorType]: code });
    });
  });
}
