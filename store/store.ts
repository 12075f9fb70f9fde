import type { Db } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { openApiKeys } from './apiKeys.js';
import { openAudit } from './audit.js';
import { openBlueprints } from './blueprints.js';
import { connect, databaseName } from './client.js';
import type { StoreOptions } from './client.js';
import { openCertificates } from './certificates.js';
import { openClusters } from './clusters.js';
import { openCounts } from './counts.js';
import { openCredentials } from './credentials.js';
import { databaseError, withDatabaseErrors } from './databaseError.js';
import { openDriftLooks } from './driftLooks.js';
import { openHealth } from './health.js';
import { openHostKeys } from './hostKeys.js';
import { openIdempotency } from './idempotency.js';
import { openInstallTokens } from './installTokens.js';
import { openLeases } from './leases.js';
import { openLogs } from './logs.js';
import { openNodes } from './nodes.js';
import { openProjects } from './projects.js';
import { openRegistrations } from './registrations.js';
import { openSecrets } from './secrets.js';
import { openSessions } from './sessions.js';
import { openSnapshots } from './snapshots.js';
import { openStepHistory } from './stepHistory.js';
import { openTasksets } from './tasksets.js';
import type { LogLimits } from './logStore.js';
import type { Store } from './types.js';
import { openWebhooks } from './webhooks.js';
import { openWorkers } from './workers.js';

const PING_TIMEOUT_MS = 2_000;
const LOG_LIMITS: LogLimits = { days: 90, bytesPerCluster: 256 * 2 ** 20 };

/**
 * The store over MongoDB, its indexes in place. Any number of processes may do this at once.
 * @throws AppError Internal when no server answers within 5 s; InvalidRequest for a malformed URI.
 */
export async function createStore(options: StoreOptions): Promise<Store> {
  const client = await connect(options);
  const db = client.db(databaseName(options));
  try {
    return withDatabaseErrors({
      clusters: withDatabaseErrors(await openClusters(db)),
      nodes: withDatabaseErrors(await openNodes(db)),
      tasksets: withDatabaseErrors(await openTasksets(db)),
      stepHistory: withDatabaseErrors(await openStepHistory(db)),
      logs: withDatabaseErrors(await openLogs(db, { ...LOG_LIMITS, ...options.logs })),
      projects: withDatabaseErrors(await openProjects(db)),
      apiKeys: withDatabaseErrors(await openApiKeys(db)),
      sessions: withDatabaseErrors(await openSessions(db)),
      secrets: withDatabaseErrors(await openSecrets(db)),
      credentials: withDatabaseErrors(await openCredentials(db)),
      blueprints: withDatabaseErrors(await openBlueprints(db)),
      hostKeys: withDatabaseErrors(await openHostKeys(db)),
      registrations: withDatabaseErrors(await openRegistrations(db)),
      installTokens: withDatabaseErrors(await openInstallTokens(db)),
      snapshots: withDatabaseErrors(await openSnapshots(db)),
      certificates: withDatabaseErrors(await openCertificates(db)),
      drift: withDatabaseErrors(await openDriftLooks(db)),
      leases: withDatabaseErrors(await openLeases(db)),
      health: withDatabaseErrors(await openHealth(db)),
      audit: withDatabaseErrors(await openAudit(db)),
      idempotency: withDatabaseErrors(await openIdempotency(db)),
      webhooks: withDatabaseErrors(await openWebhooks(db)),
      counts: withDatabaseErrors(await openCounts(db)),
      workers: withDatabaseErrors(openWorkers(db)),
      ping: () => ping(db),
      close: () => client.close(),
    });
  } catch (error) {
    await client.close();
    throw databaseError(error);
  }
}

async function ping(db: Db): Promise<void> {
  // The driver's own limits are those of a whole connection; a probe wants its answer sooner.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new AppError(ErrorCode.Internal, 'the database (MongoDB) did not answer within 2 seconds'),
      );
    }, PING_TIMEOUT_MS);
  });
  try {
    await Promise.race([db.command({ ping: 1 }), late]);
  } finally {
    clearTimeout(timer);
  }
}
