import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { deleteCookie, setCookie } from 'hono/cookie';

import type { AuditAction } from '../../../core/auditActions.js';
import type { ApiKeyRecord } from '../../../store/apiKeyStore.js';
import { audit } from '../../audit.js';
import { principalOfKey } from '../../auth/principal.js';
import { enforceSameOrigin } from '../../web/sameOrigin.js';
import {
  cookieName,
  isOverTls,
  newToken,
  SESSION_MS,
  sessionId,
  tokenOf,
} from '../../web/sessions.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { readBody } from '../../http/readDocument.js';
import { knownKey } from '../../middleware/access.js';
import { limitOfKey } from '../../requestLimits.js';
import { keyOfCookie, sessionView } from './loggedIn.js';

const PATH = '/console/session';
/** A key is short, and whoever sends this has shown none yet. */
const MAX_BODY_BYTES = 16 * 1024;
const NO_STORE = { 'cache-control': 'no-store' };

const login = z.strictObject({ apiKey: z.string().trim().min(1) });

/** Logging in, out, and who is logged in. The key is sent once; what the browser keeps is a token of its own. */
export function consoleSession(app: OpenAPIHono<ApiEnv>): void {
  app.get(PATH, async (c) => {
    const key = await keyOfCookie(c);
    return c.json(sessionView(app, c, key), 200, NO_STORE);
  });

  app.post(PATH, async (c) => {
    enforceSameOrigin(c);
    const { apiKey } = await readBody(c, login, MAX_BODY_BYTES);
    const key = await knownKey(c, apiKey);
    limitOfKey(c, key.id);
    const before = tokenOf(c);
    const token = newToken();
    const { sessions } = c.var.deps.store;
    await sessions.create({
      id: sessionId(token),
      keyId: key.id,
      expiresAt: new Date(Date.now() + SESSION_MS),
    });
    // Whoever logs in again leaves no session behind.
    if (before !== undefined) await sessions.remove(sessionId(before));
    setCookie(c, cookieName(c), token, {
      ...{ path: '/', httpOnly: true, sameSite: 'Strict', secure: isOverTls(c) },
      maxAge: SESSION_MS / 1000,
    });
    await note(c, key, 'session.create');
    return c.json(sessionView(app, c, key), 200, NO_STORE);
  });

  app.delete(PATH, async (c) => {
    enforceSameOrigin(c);
    const key = await keyOfCookie(c);
    const token = tokenOf(c);
    if (token !== undefined) await c.var.deps.store.sessions.remove(sessionId(token));
    deleteCookie(c, cookieName(c), { path: '/', secure: isOverTls(c) });
    if (key !== undefined) await note(c, key, 'session.delete');
    return c.json(sessionView(app, c, undefined), 200, NO_STORE);
  });
}

async function note(c: ApiContext, key: ApiKeyRecord, action: AuditAction): Promise<void> {
  const { id, project } = key;
  c.set('principal', principalOfKey(key));
  await audit(c, {
    ...{ action, resource: `apikeys/${id}`, summary: 'at the console' },
    ...(project === undefined ? {} : { project }),
  });
}
