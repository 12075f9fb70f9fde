import { Connection } from '@temporalio/client';

import { TASK_QUEUE } from '../core/clusterWorkflow.js';
import { readTemporalClientConfig } from '../embedded/config.js';
import { temporalConnection } from '../embedded/temporalConnection.js';
import { openDeployment, UNVERSIONED, type DeploymentState } from './deployment.js';
import type { WorkerOfVersion } from './deployment.js';

/*
 * `node worker/versions.js`: the versions of our workers that Temporal knows, which of them gets the work, who polls.
 * `node worker/versions.js BUILD_ID | unversioned`: work goes to that one from now on. Needs Temporal's address only.
 */

const config = readTemporalClientConfig(process.env);
const connection = await Connection.connect(temporalConnection(config));
const deployment = openDeployment(connection, {
  namespace: config.temporalNamespace,
  taskQueue: TASK_QUEUE,
});
const [wanted] = process.argv.slice(2);
try {
  if (wanted !== undefined) await deployment.setCurrent(wanted);
  const state = await deployment.read();
  if (state === undefined) throw new Error('this Temporal keeps no versions of workers');
  process.stdout.write(table(state, await deployment.workers()));
} catch (error) {
  process.stderr.write(`plinth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await connection.close();
}

function table(state: DeploymentState, workers: readonly WorkerOfVersion[]): string {
  const rows = state.versions.map(({ buildId, status }) => [buildId, status]);
  const isCurrent = state.current === UNVERSIONED;
  if (isCurrent || workers.some(({ buildId }) => buildId === UNVERSIONED)) {
    rows.push([UNVERSIONED, isCurrent ? 'current' : 'replaced']);
  }
  const lines = [['VERSION', 'STATUS', 'WORKERS'], ...rows.map(withWorkers)];
  const width = Math.max(...lines.map(([version = '']) => version.length));
  return lines
    .map(([version = '', status = '', polls = '']) =>
      `${version.padEnd(width)}  ${status.padEnd(8)}  ${polls}\n`.replace(/ +\n/, '\n'),
    )
    .join('');

  function withWorkers([buildId = '', status = '']: string[]): string[] {
    const those = workers.filter((worker) => worker.buildId === buildId);
    return [buildId, status, those.map(({ identity }) => identity).join(' ') || '-'];
  }
}
