import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { INSTALL_SCRIPT } from '../../installer/installScript.js';
import { machineAccess } from './machineAccess.js';

/** Its head: the whole is what the route answers. */
const SHOWN = `${INSTALL_SCRIPT.split('\n', 3).join('\n')}\n…\n`;

const route = createRoute({
  method: 'get',
  path: '/installer/install.sh',
  operationId: 'getInstallScript',
  summary: 'What the installer command runs, for machines with its token',
  tags: ['Installer'],
  security: [{ installerToken: [] }],
  responses: {
    200: {
      description: 'A shell script, the same for every machine',
      content: { 'text/x-shellscript': { schema: z.string(), example: SHOWN } },
    },
    ...errors(404),
  },
});

export function installScriptRoute(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    await machineAccess(c);
    return c.body(INSTALL_SCRIPT, 200, {
      'content-type': 'text/x-shellscript',
      'cache-control': 'no-store',
    });
  });
}
