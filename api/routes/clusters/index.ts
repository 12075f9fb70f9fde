import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
import { applyClusterRoute } from './apply.js';
import { cancelCluster } from './cancel.js';
import { deleteCluster } from './delete.js';
import { getDrift } from './drift.js';
import { watchCluster } from './events.js';
import { getCluster } from './get.js';
import { getClusterHealth } from './health.js';
import { getClusterKubeconfig } from './kubeconfig.js';
import { listClusters } from './list.js';
import { retryCluster } from './retry.js';
import { getClusterStatus } from './status.js';
import { listClusterSummaries } from './summaries.js';
import { syncCluster } from './sync.js';

export function registerClusters(app: OpenAPIHono<ApiEnv>): void {
  applyClusterRoute(app);
  listClusters(app);
  listClusterSummaries(app);
  getCluster(app);
  getClusterStatus(app);
  deleteCluster(app);
  retryCluster(app);
  cancelCluster(app);
  syncCluster(app);
  getDrift(app);
  getClusterHealth(app);
  getClusterKubeconfig(app);
  watchCluster(app);
}
