import '../embedded/endWithParent.js';

import { readFile } from 'node:fs/promises';

import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';

import { BUILT_IN_BLUEPRINTS } from '../core/blueprints.js';
import { readApiConfig } from '../embedded/config.js';
import { packageVersion } from '../embedded/packageVersion.js';
import { temporalConnection } from '../embedded/temporalConnection.js';
import { createStore } from '../store/store.js';
import { startTracing } from '../tracing/startTracing.js';
import type { Tracing } from '../tracing/tracing.js';
import { traceWorkflowClient } from '../tracing/workflowClient.js';
import { loadMasterKey } from '../vault/masterKey.js';
import { ensureAdminKey } from './adminKey.js';
import { newApp } from './app.js';
import { ensureDefaultProject } from './defaultProject.js';
import { platformKey } from './installer/platformKey.js';
import { openVault } from './openVault.js';
import { startReconciler } from './reconciler.js';
import { serve } from './server.js';
import { createClusterWorkflows } from './workflows.js';

const config = readApiConfig(process.env);
let tracing: Tracing | undefined;
const log = pino({ name: 'api', mixin: () => tracing?.logFields() ?? {} });
const version = await packageVersion();
if (config.tracing) tracing = await startTracing({ service: 'plinth-api', version, log });

const store = await createStore({ uri: config.mongodbUri, logs: config.logs });
const vault = await openVault(
  store,
  await loadMasterKey({ masterKey: config.masterKey, dataDir: config.data }),
);
// Lazy: an apply is recorded while Temporal is away, and delivered by the reconciler.
const connection = Connection.lazy(temporalConnection(config));
const client = new Client({
  connection,
  namespace: config.temporalNamespace,
  ...(tracing && { interceptors: { workflow: [traceWorkflowClient(tracing)] } }),
});
const workflows = createClusterWorkflows(client);

await ensureDefaultProject(store);
await ensureAdminKey(store, config.data);
await platformKey({ store, vault });
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const app = newApp({
  store,
  vault,
  workflows,
  config: {
    ...{ keysDir: config.keys, url: config.url, blueprints: BUILT_IN_BLUEPRINTS, version },
    ...(config.temporalUiUrl === undefined
      ? {}
      : { temporalUi: { url: config.temporalUiUrl, namespace: config.temporalNamespace } }),
    ...(config.requestsPerSecond === 0 ? {} : { requestsPerSecond: config.requestsPerSecond }),
  },
  log,
  registry,
  ...(tracing && { tracing }),
});
const server = await serve(app, {
  host: config.host,
  port: config.port,
  ...(config.tls === undefined ? {} : { tls: await readTls(config.tls) }),
});
const reconciler = startReconciler({ store, workflows, log });
log.info({ url: server.url }, 'API listens');
process.send?.('ready');

const stop = async (): Promise<void> => {
  await Promise.all([server.stop(), reconciler.stop()]);
  await connection.close();
  await store.close();
  await tracing?.stop();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop().then(
      () => log.info('API stopped'),
      (error: unknown) => {
        log.error({ err: error }, 'API did not stop in order');
        process.exitCode = 1;
      },
    );
  });
}

async function readTls(paths: { cert: string; key: string }) {
  const [cert, key] = await Promise.all([
    readFile(paths.cert, 'utf8'),
    readFile(paths.key, 'utf8'),
  ]);
  return { cert, key };
}
