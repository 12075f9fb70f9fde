import '../embedded/endWithParent.js';

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';

import type { ActivityDeps } from '../activities/deps.js';
import { holdingOf } from '../core/artifactHoldings.js';
import { readConfig } from '../embedded/config.js';
import { packageVersion } from '../embedded/packageVersion.js';
import { temporalConnection } from '../embedded/temporalConnection.js';
import { openArtifactSource } from '../machine/artifacts/source.js';
import { createMachines } from '../machine/pool.js';
import { createStore } from '../store/store.js';
import { startTracing } from '../tracing/startTracing.js';
import type { Tracing } from '../tracing/tracing.js';
import { loadMasterKey } from '../vault/masterKey.js';
import { createVault } from '../vault/vault.js';
import { keepUpkeepSchedule } from './upkeepSchedule.js';
import { startWatcher } from '../watch/watcher.js';
import { activityLog } from './activityLog.js';
import { activityMetrics } from './activityMetrics.js';
import type { WorkflowsBundle } from './bundle.js';
import { keepCurrent } from './keepCurrent.js';
import { serveMetrics } from './metricsServer.js';
import { tellHoldings } from './tellHoldings.js';
import { temporalMetrics } from './temporalMetrics.js';
import { createPlinthWorker, MACHINES_AT_WORK } from './worker.js';
import { createWorkerMetrics } from './workerMetrics.js';

const config = readConfig(process.env);
const version = await packageVersion();
let tracing: Tracing | undefined;
const log = pino({ name: 'worker', mixin: () => tracing?.logFields() ?? {} });
if (config.tracing) tracing = await startTracing({ service: 'plinth-worker', version, log });
Runtime.install({
  logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
    log[level === 'ERROR' ? 'error' : 'warn']({ ...meta }, message);
  }),
  telemetryOptions: {
    logging: { filter: makeTelemetryFilterString({ core: 'WARN' }) },
    ...temporalMetrics(config.metrics.temporal),
  },
});

const bundle = await bundleInItsOwnProcess(join(config.data, 'workflows'));
const store = await createStore({ uri: config.mongodbUri, logs: config.logs });
const registry = new Registry();
collectDefaultMetrics({ register: registry });
// Of the code itself: nobody has to remember to set it.
const buildId = `${version}-${bundle.hash}`;
const metrics = createWorkerMetrics(registry, { activities: MACHINES_AT_WORK, version, buildId });
const machines = createMachines({ observe: metrics.ssh });
const deps: ActivityDeps = {
  store,
  vault: createVault({
    masterKey: await loadMasterKey({ masterKey: config.masterKey, dataDir: config.data }),
  }),
  machines,
  source: await openArtifactSource(config.artifacts),
  log,
  drainSeconds: config.drainMinutes * 60,
};
const { worker, connection, client, deployment } = await createPlinthWorker({
  temporal: temporalConnection(config),
  namespace: config.temporalNamespace,
  bundle: bundle.path,
  buildId,
  renewDays: config.renewDays,
  deps,
  activityInterceptors: [activityMetrics(metrics), activityLog(log)],
  tracing,
});
const watcher = startWatcher(deps);
const told = await tellHoldings(store.workers, holdingOf(deps.source.catalog), { log });
const metricsServer =
  config.metrics.worker && (await serveMetrics(registry, config.metrics.worker));

const { taskQueue } = worker.options;
log.info({ taskQueue, buildId, artifacts: config.artifacts }, 'worker polls');
const schedule = keepUpkeepSchedule(client, { taskQueue, log });
if (deployment === undefined) {
  log.warn({}, 'this Temporal keeps no versions of workers: stop all of them to upgrade');
}
const current =
  deployment && keepCurrent(deployment, { buildId, log, observe: metrics.observeCurrent });
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // Who is about to go takes no work any more.
    current?.stop();
    if (worker.getState() === 'RUNNING') worker.shutdown();
  });
}
const ended = worker.run();
// Ready: what is asked for is done at once, and does not wait for a version that is yet to take over.
await Promise.race([current?.settled, ended]);
if (process.connected) process.send?.('ready');
await ended;
current?.stop();
await told.stop();
schedule.stop();
await watcher.stop();
await metricsServer?.close();
await machines.close();
await connection.close();
await store.close();
await tracing?.stop();

/** The bundler needs several times the memory of the worker itself: it gets a process of its own. */
async function bundleInItsOwnProcess(folder: string): Promise<WorkflowsBundle> {
  const script = import.meta.resolve(
    import.meta.url.endsWith('.ts') ? './bundle.ts' : './bundle.js',
  );
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...process.execArgv,
    fileURLToPath(script),
    folder,
    ...(config.tracing ? ['traced'] : []),
  ]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as WorkflowsBundle;
}
