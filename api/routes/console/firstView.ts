import { setTimeout as wait } from 'node:timers/promises';

import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleFirst, ConsoleList } from '../../../core/consoleModel.js';
import { AppError } from '../../../core/errors.js';
import { principalOfKey } from '../../auth/principal.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { HttpError } from '../../http/httpError.js';
import { readConsoleList } from '../../web/consoleList.js';
import { listMoment } from '../../web/listFeed.js';
import { askedBy } from './clusters.js';
import { keyOfCookie, sessionView } from './loggedIn.js';

/** Nobody looks at an empty page for longer. */
const MOST_MS = 300;
/** Of it for the list: so that who is logged in is known in any case. */
const FOR_LIST = 2 / 3;

/**
 * What the page would ask for first, for a request with a session's cookie: each part where it is known in time and asking
 * for it is not refused. Else the page asks, and shows the answer.
 */
export function firstView(
  app: OpenAPIHono<ApiEnv>,
  c: ApiContext,
): Promise<ConsoleFirst | undefined> {
  return inTime(c, mostMs(c), lookUp(app, c));
}

async function lookUp(app: OpenAPIHono<ApiEnv>, c: ApiContext): Promise<ConsoleFirst> {
  const now = new Date().toISOString();
  const key = await keyOfCookie(c);
  const session = sessionView(app, c, key);
  if (key === undefined || c.req.path !== '/') return { now, session };
  c.set('principal', principalOfKey(key));
  const value = await inTime(c, mostMs(c) * FOR_LIST, readAsked(c));
  if (value === undefined) return { now, session };
  return { now, session, list: { id: listMoment(value).id, value } };
}

async function readAsked(c: ApiContext): Promise<ConsoleList> {
  return readConsoleList(c.var.deps.store, askedBy(c));
}

function mostMs(c: ApiContext): number {
  return c.var.deps.config.firstViewMs ?? MOST_MS;
}

async function inTime<T>(c: ApiContext, ms: number, looking: Promise<T>): Promise<T | undefined> {
  const found = looking.catch((error: unknown) => {
    // What is refused is refused again where the page asks.
    if (!(error instanceof AppError || error instanceof HttpError)) {
      const { log } = c.var.deps;
      log.warn({ err: error, requestId: c.get('requestId') }, 'the page was sent without its data');
    }
    return undefined;
  });
  return Promise.race([found, wait(ms, undefined, { ref: false })]);
}
