import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleSession } from '../../../core/consoleModel.js';
import type { ApiKeyRecord } from '../../../store/apiKeyStore.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { canDryRun } from '../../middleware/dryRun.js';
import { limitOfAddress, limitOfKey } from '../../requestLimits.js';
import { sessionOf, tokenOf } from '../../web/sessions.js';

/**
 * The key of the session, where there is one and both are good still. Counts as a request of that key, or, where a cookie
 * opens nothing, of the address it comes from.
 */
export async function keyOfCookie(c: ApiContext): Promise<ApiKeyRecord | undefined> {
  const session = await sessionOf(c);
  const key = session && (await c.var.deps.store.apiKeys.get(session.keyId));
  if (key !== undefined && key.revokedAt === undefined) {
    limitOfKey(c, key.id);
    return key;
  }
  if (tokenOf(c) !== undefined) limitOfAddress(c);
  return undefined;
}

export function sessionView(
  app: OpenAPIHono<ApiEnv>,
  c: ApiContext,
  key: ApiKeyRecord | undefined,
): ConsoleSession {
  const { name = '', role = 'viewer', project } = key ?? {};
  const user = { name, role, ...(project === undefined ? {} : { project }) };
  return {
    ...(key === undefined ? {} : { user }),
    version: c.var.deps.config.version,
    // Never sent to an API that would take a query it does not know for none, and apply.
    dryRun: canDryRun(app, 'applyCluster'),
  };
}
