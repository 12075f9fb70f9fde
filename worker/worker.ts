import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerInterceptors } from '@temporalio/worker';

import { createActivities } from '../activities/index.js';
import type { ActivityDeps } from '../activities/deps.js';
import { createClusterWorkflows } from '../api/workflows.js';
import { DEFAULT_RENEW_DAYS } from '../core/certificates.js';
import { TASK_QUEUE } from '../core/clusterWorkflow.js';

export interface WorkerOptions {
  address: string;
  namespace: string;
  /** Path of the bundled workflows. */
  bundle: string;
  deps: ActivityDeps;
  taskQueue?: string;
  /** Days before its end that a certificate is renewed; default 30. */
  renewDays?: number;
  /** Sees every activity. */
  activityInterceptors?: NonNullable<WorkerInterceptors['activity']>;
}

/** Machines at work at once in one process: each is one connection and one waiting activity. */
export const MACHINES_AT_WORK = 200;

/** Connects and registers; `run()` of the worker polls until `shutdown()`. */
export async function createPlinthWorker(
  options: WorkerOptions,
): Promise<{ worker: Worker; connection: NativeConnection; client: Client }> {
  const connection = await NativeConnection.connect({ address: options.address });
  const { namespace, renewDays = DEFAULT_RENEW_DAYS } = options;
  const client = new Client({ connection, namespace });
  const workflows = createClusterWorkflows(client);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    workflowBundle: { codePath: options.bundle },
    activities: createActivities({ ...options.deps, workflows, renewDays }),
    interceptors: { activity: options.activityInterceptors ?? [] },
    maxConcurrentActivityTaskExecutions: MACHINES_AT_WORK,
    maxCachedWorkflows: 300,
    // Half the heartbeat interval at most: a cancel reaches a step within seconds.
    maxHeartbeatThrottleInterval: '4 s',
    defaultHeartbeatThrottleInterval: '4 s',
    shutdownGraceTime: '5 s',
  });
  return { worker, connection, client };
}
