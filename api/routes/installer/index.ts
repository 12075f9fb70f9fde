import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { installerCommands } from './commands.js';
import { registerRoute } from './register.js';
import { installScriptRoute } from './script.js';

export function registerInstaller(app: OpenAPIHono<ApiEnv>): void {
  installerCommands(app);
  installScriptRoute(app);
  registerRoute(app);
}
