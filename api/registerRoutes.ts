import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from './env.js';
import { registerApiKeys } from './routes/apikeys/index.js';
import { listAudit } from './routes/audit/list.js';
import { registerBlueprints } from './routes/blueprints/index.js';
import { renewCertificates } from './routes/certificates/renew.js';
import { registerClusters } from './routes/clusters/index.js';
import { registerConsole } from './routes/console/index.js';
import { registerCredentials } from './routes/credentials/index.js';
import { registerDocs } from './routes/docs/index.js';
import { registerHealth } from './routes/health/index.js';
import { registerInstaller } from './routes/installer/index.js';
import { getMetrics } from './routes/metrics/get.js';
import { registerNodes } from './routes/nodes/index.js';
import { registerProjects } from './routes/projects/index.js';
import { rotateSecretsRoute } from './routes/secrets/rotate.js';
import { registerSnapshots } from './routes/snapshots/index.js';
import { registerTasksets } from './routes/tasksets/index.js';
import { registerV1 } from './routes/v1/index.js';
import { registerWebhooks } from './routes/webhooks/index.js';

/** Every route of the API, with its description. */
export function registerRoutes(app: OpenAPIHono<ApiEnv>): void {
  registerClusters(app);
  registerNodes(app);
  registerInstaller(app);
  registerTasksets(app);
  registerSnapshots(app);
  renewCertificates(app);
  registerBlueprints(app);
  registerCredentials(app);
  registerWebhooks(app);
  registerProjects(app);
  registerApiKeys(app);
  listAudit(app);
  rotateSecretsRoute(app);
  registerV1(app);
  registerHealth(app);
  getMetrics(app);
  registerDocs(app);
  registerConsole(app);
}
