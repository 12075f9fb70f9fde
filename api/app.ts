import { OpenAPIHono } from '@hono/zod-openapi';

import { createPageFeed } from './web/clusterPage.js';
import { createListFeed } from './web/listFeed.js';
import type { ApiDeps } from './deps.js';
import type { ApiContext, ApiEnv } from './env.js';
import { errorAnswer } from './http/apiError.js';
import { invalid } from './http/readDocument.js';
import { unknownRoute } from './http/unknownRoute.js';
import { createApiMetrics } from './metrics/apiMetrics.js';
import { refuseDryRun } from './middleware/dryRun.js';
import { requestLog } from './middleware/requestLog.js';
import { requestMetrics } from './middleware/requestMetrics.js';
import { requestTrace } from './middleware/requestTrace.js';
import { yamlAnswers } from './middleware/yamlAnswers.js';
import { createLogFeed } from './logFeed.js';
import { createPageCache } from './pageCache.js';
import { registerRoutes } from './registerRoutes.js';
import { createRequestLimits } from './requestLimits.js';
import { createStatusFeed } from './statusFeed.js';

/** Watchers see a change within this. */
const EVENT_POLL_MS = 500;
/** The list has many clusters, each read for its row: who looks at one of them closely sees its changes sooner. */
const LIST_POLL_MS = 1000;
/** And a line: what a script prints is looked at while it runs. */
const LOG_POLL_MS = 100;

/**
 * The whole API.
 *
 * @example
 * const app = newApp({ store, vault, workflows, config, log });
 * const server = await serve(app, { host: '127.0.0.1', port: 8080 });
 */
export function newApp(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({
    // A slash at the end makes no difference: v1 paths have one, v3 paths have none.
    strict: false,
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
  const limits = createRequestLimits(deps.config.requestsPerSecond);
  const metrics = createApiMetrics(deps, limits.streams);
  const clusterPages = createPageCache();
  const looks = {
    everyMs: Math.min(deps.config.eventPollMs ?? EVENT_POLL_MS, EVENT_POLL_MS),
    onError: (error: unknown) => {
      deps.log.warn({ err: error }, 'status not read for its watchers');
    },
  };
  const statusFeed = createStatusFeed(deps.store, looks);
  const listFeed = createListFeed(deps, {
    ...looks,
    everyMs: Math.min(deps.config.eventPollMs ?? LIST_POLL_MS, LIST_POLL_MS),
  });
  const pageFeed = createPageFeed(deps, looks);

  const logFeed = createLogFeed(deps.store, {
    everyMs: Math.min(deps.config.eventPollMs ?? LOG_POLL_MS, LOG_POLL_MS),
    onError: (error) => {
      deps.log.warn({ err: error }, 'output not read for those who follow it');
    },
  });

  app.use(async (c, next) => {
    c.set('deps', deps);
    c.set('statusFeed', statusFeed);
    c.set('logFeed', logFeed);
    c.set('pageFeed', pageFeed);
    c.set('listFeed', listFeed);
    c.set('limits', limits);
    c.set('metrics', metrics);
    c.set('clusterPages', clusterPages);
    await next();
  });
  app.use(requestMetrics(metrics));
  // Outside of the log: its line belongs to the span.
  if (deps.tracing !== undefined) app.use(requestTrace(deps.tracing));
  app.use(requestLog());
  app.use(yamlAnswers());
  app.use(refuseDryRun(app));

  registerRoutes(app);

  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => unknownRoute(c, app.routes));
  return app;
}

function answerError(error: Error, c: ApiContext): Response {
  const { status, body, headers } = errorAnswer(error);
  c.set('errorCode', body.internal);
  if (status >= 500) {
    c.var.deps.log.error({ err: error, requestId: c.get('requestId') }, 'request failed');
  }
  return c.json(body, status, { ...headers });
}
