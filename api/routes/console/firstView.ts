import { setTimeout as wait } from 'node:timers/promises';

import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleFirst } from '../../../core/consoleModel.js';
import { AppError } from '../../../core/errors.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { taggedText, tagOf } from '../../http/entityTag.js';
import { consoleList } from './clusters.js';
import { actAs, keyOfCookie, sessionView } from './loggedIn.js';

/** Nobody looks at an empty page for longer: what is not there by then, the page asks for itself. */
const MOST_MS = 300;

/**
 * What the page would ask for first, for a request with a session's cookie. Undefined where it is not known in time, or
 * asking for it is refused: then the page asks, and shows the answer.
 */
export function firstView(
  app: OpenAPIHono<ApiEnv>,
  c: ApiContext,
): Promise<ConsoleFirst | undefined> {
  const looking = lookUp(app, c).catch((error: unknown) => {
    if (!(error instanceof AppError)) {
      const { log } = c.var.deps;
      log.warn({ err: error, requestId: c.get('requestId') }, 'the page was sent without its data');
    }
    return undefined;
  });
  return Promise.race([looking, wait(MOST_MS, undefined, { ref: false })]);
}

async function lookUp(app: OpenAPIHono<ApiEnv>, c: ApiContext): Promise<ConsoleFirst> {
  const now = new Date().toISOString();
  const key = await keyOfCookie(c);
  const session = sessionView(app, c, key);
  if (key === undefined || c.req.path !== '/') return { now, session };
  actAs(c, key);
  const value = await consoleList(c);
  return { now, session, list: { tag: tagOf(taggedText(JSON.stringify(value))), value } };
}
