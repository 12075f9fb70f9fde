import { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiDeps } from './deps.js';
import type { ApiContext, ApiEnv } from './env.js';
import { errorAnswer } from './http/apiError.js';
import { invalid } from './http/readDocument.js';
import { unknownRoute } from './http/unknownRoute.js';
import { requestLog } from './middleware/requestLog.js';
import { yamlAnswers } from './middleware/yamlAnswers.js';
import { registerApiKeys } from './routes/apikeys/index.js';
import { listAudit } from './routes/audit/list.js';
import { registerClusters } from './routes/clusters/index.js';
import { registerDocs } from './routes/docs/index.js';
import { registerHealth } from './routes/health/index.js';
import { registerInstaller } from './routes/installer/index.js';
import { registerNodes } from './routes/nodes/index.js';
import { registerProjects } from './routes/projects/index.js';
import { registerTasksets } from './routes/tasksets/index.js';
import { registerV1 } from './routes/v1/index.js';
import { createStatusFeed } from './statusFeed.js';

/** Watchers see a change within this. */
const EVENT_POLL_MS = 500;

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
  const statusFeed = createStatusFeed(deps.store, {
    everyMs: Math.min(deps.config.eventPollMs ?? EVENT_POLL_MS, EVENT_POLL_MS),
    onError: (error) => {
      deps.log.warn({ err: error }, 'status not read for its watchers');
    },
  });

  app.use(async (c, next) => {
    c.set('deps', deps);
    c.set('statusFeed', statusFeed);
    await next();
  });
  app.use(requestLog());
  app.use(yamlAnswers());

  registerClusters(app);
  registerNodes(app);
  registerInstaller(app);
  registerTasksets(app);
  registerProjects(app);
  registerApiKeys(app);
  listAudit(app);
  registerV1(app);
  registerHealth(app);
  registerDocs(app);

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
