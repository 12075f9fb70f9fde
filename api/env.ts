import type { Context } from 'hono';

import { AppError, ErrorCode } from '../core/errors.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import { formatTraceparent } from '../core/traceContext.js';
import type { Project } from '../store/projectStore.js';
import type { SessionRecord } from '../store/sessionStore.js';
import type { Principal } from './auth/principal.js';
import type { PageFeed } from './web/clusterPage.js';
import type { ListFeed } from './web/listFeed.js';
import type { ApiDeps } from './deps.js';
import type { LogFeed } from './logFeed.js';
import type { ApiMetrics } from './metrics/apiMetrics.js';
import type { PageCache } from './pageCache.js';
import type { RequestLimits } from './requestLimits.js';
import type { StatusFeed } from './statusFeed.js';

/** What a request carries from middleware to handler. */
export interface ApiEnv {
  Bindings: {
    /** Aborted when the server is about to stop: long answers end then. Absent under `app.request`. */
    stopping?: AbortSignal;
    /** The connection. Absent under `app.request`. */
    incoming?: { socket: { remoteAddress?: string | undefined } };
  };
  Variables: {
    deps: ApiDeps;
    statusFeed: StatusFeed;
    logFeed: LogFeed;
    pageFeed: PageFeed;
    listFeed: ListFeed;
    limits: RequestLimits;
    metrics: ApiMetrics;
    clusterPages: PageCache;
    requestId: string;
    principal?: Principal;
    /** Of a person at the console, where no key was sent. */
    session?: SessionRecord;
    /** The project of the path, once access to it was checked. */
    project?: Project;
    /** Code of the error that was answered, for the log line. */
    errorCode?: string;
    /** Of a request with an Idempotency-Key: the same for the same request, and which attempt at it this is. */
    idempotency?: { request: string; lease: Date };
    /** The body, once it was read: it can be read only once. */
    bodyText?: string;
  };
}

export type ApiContext = Context<ApiEnv>;

/** Who asks. Routes that need no key have none. */
export function principalOf(c: ApiContext): Principal {
  const principal = c.get('principal');
  if (principal === undefined) throw missing('principal');
  return principal;
}

/** Aborted when the server is about to stop: long answers end then. */
export function stoppingOf(c: ApiContext): AbortSignal | undefined {
  // `app.request` without bindings leaves none, whatever the type says.
  return (c.env as ApiEnv['Bindings'] | undefined)?.stopping;
}

/** What a change keeps of the request that it goes back to. */
export function originOf(c: ApiContext): RequestOrigin {
  const span = c.var.deps.tracing?.current();
  return {
    requestId: c.get('requestId'),
    ...(span === undefined ? {} : { traceparent: formatTraceparent(span) }),
  };
}

/** The project of the path. */
export function projectOf(c: ApiContext): Project {
  const project = c.get('project');
  if (project === undefined) throw missing('project');
  return project;
}

function missing(what: string): AppError {
  return new AppError(
    ErrorCode.Internal,
    `the route has no ${what}: its access middleware is missing`,
  );
}
