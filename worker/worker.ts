import { Client } from '@temporalio/client';
import {
  NativeConnection,
  Worker,
  type WorkerInterceptors,
  type WorkerOptions as TemporalWorkerOptions,
} from '@temporalio/worker';

import { createActivities } from '../activities/index.js';
import type { ActivityDeps } from '../activities/deps.js';
import { createClusterWorkflows } from '../api/workflows.js';
import { DEFAULT_RENEW_DAYS } from '../core/certificates.js';
import { TASK_QUEUE } from '../core/clusterWorkflow.js';
import type { TemporalConnectionOptions } from '../embedded/temporalConnection.js';
import type { Tracing } from '../tracing/tracing.js';
import { traceWorkflowClient } from '../tracing/workflowClient.js';
import { activityTrace } from './activityTrace.js';
import { DEPLOYMENT, openDeployment, type Deployment } from './deployment.js';
import { workflowSpans } from './workflowSpans.js';

export interface WorkerOptions {
  temporal: TemporalConnectionOptions;
  namespace: string;
  /** Path of the bundled workflows. */
  bundle: string;
  /**
   * Names the code of the workflows: Temporal gives the workflows that it has come to know by it to no worker of
   * another. Absent: work of all workers that name none is the same to it.
   */
  buildId?: string;
  deps: ActivityDeps;
  taskQueue?: string;
  /** Days before its end that a certificate is renewed; default 30. */
  renewDays?: number;
  /** Sees every activity. */
  activityInterceptors?: NonNullable<WorkerInterceptors['activity']>;
  /** Where traces are wanted: then `bundle` holds the workflows' part of them, too. */
  tracing?: Tracing | undefined;
}

/** Machines at work at once in one process: each is one connection and one waiting activity. */
export const MACHINES_AT_WORK = 200;

export interface PlinthWorker {
  worker: Worker;
  connection: NativeConnection;
  client: Client;
  /** Absent: no build id was given, or this Temporal does not tell versions of workers apart. */
  deployment?: Deployment;
}

/** Connects and registers; `run()` of the worker polls until `shutdown()`. */
export async function createPlinthWorker(options: WorkerOptions): Promise<PlinthWorker> {
  const connection = await NativeConnection.connect(options.temporal);
  const { namespace, buildId, taskQueue = TASK_QUEUE, renewDays = DEFAULT_RENEW_DAYS } = options;
  const { tracing } = options;
  const client = new Client({
    connection,
    namespace,
    // An hourly pass may tell thousands of clusters: no trace holds them all.
    ...(tracing && {
      interceptors: { workflow: [traceWorkflowClient(tracing, { ownTraces: true })] },
    }),
  });
  const workflows = createClusterWorkflows(client);
  const deployment = openDeployment(connection, { namespace, taskQueue });
  const isVersioned = buildId !== undefined && (await deployment.read()) !== undefined;
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    ...(isVersioned ? versioned(buildId) : {}),
    workflowBundle: { codePath: options.bundle },
    activities: createActivities({ ...options.deps, workflows, renewDays }),
    interceptors: {
      // First: what the others write belongs to its span.
      activity: [
        ...(tracing === undefined ? [] : [activityTrace(tracing)]),
        ...(options.activityInterceptors ?? []),
      ],
    },
    ...(tracing && { sinks: workflowSpans(tracing) }),
    maxConcurrentActivityTaskExecutions: MACHINES_AT_WORK,
    maxCachedWorkflows: 300,
    // Half the heartbeat interval at most: a cancel reaches a step within seconds.
    maxHeartbeatThrottleInterval: '4 s',
    defaultHeartbeatThrottleInterval: '4 s',
    shutdownGraceTime: '5 s',
  });
  return { worker, connection, client, ...(isVersioned ? { deployment } : {}) };
}

/**
 * Every workflow goes on in the version that is current, from its next task on: a cluster's lives for years, and those
 * of one taskset talk to each other. So nobody has to keep old workers until what they have begun has ended.
 */
export function versioned(
  buildId: string,
): Required<Pick<TemporalWorkerOptions, 'workerDeploymentOptions'>> {
  return {
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENT, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
