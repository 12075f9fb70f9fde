import { hostname } from 'node:os';

import { Connection } from '@temporalio/client';

import { TASK_QUEUE } from '../core/clusterWorkflow.js';
import { readTemporalClientConfig } from '../embedded/config.js';
import { temporalConnection } from '../embedded/temporalConnection.js';

/* Ends with 0 when a worker of this host has asked Temporal for work within two minutes: a container's health check. */

const RECENT_MS = 120_000;

const config = readTemporalClientConfig(process.env);
const connection = await Connection.connect(temporalConnection(config));
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: config.temporalNamespace,
  taskQueue: { name: TASK_QUEUE },
});
await connection.close();
const polls = pollers.some(
  ({ identity, lastAccessTime }) =>
    identity?.endsWith(`@${hostname()}`) === true &&
    Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < RECENT_MS,
);
process.exitCode = polls ? 0 : 1;
