import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Client, WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';

import { CHANGED_SIGNAL, SEARCH_ATTRIBUTES } from '../../core/clusterWorkflow.js';
import { ensurePythonTools } from '../../embedded/pythonTools.js';
import { startTemporal } from '../../embedded/temporal.js';
import { bundleOptions } from '../../worker/bundle.js';
import { fakeWorld, type FakeOptions, type FakeWorld } from './fakeActivities.js';

/** temporal.api.enums.v1.IndexedValueType */
const KEYWORD = 2;

export interface WorkflowRun {
  /** Gets the cluster's workflow while it runs. */
  during?(handle: WorkflowHandle): Promise<void>;
  /** While the worker still runs, the cluster's workflow has ended. */
  after?(client: Client): Promise<void>;
  requestIds?: { start: string; signal: string };
  /** Instead of a cluster's: that of a blueprint's rollout, or of the hourly work. */
  rollout?: boolean;
  upkeep?: boolean;
  /** The worker does one workflow task after another, in the order in which they came: a child's first before its parent's next. */
  inTurn?: boolean;
}

export interface WorkflowTests {
  readonly environment: TestWorkflowEnvironment;
  readonly bundle: { code: string };
  /** A cluster's workflow from its start to its end, with activities that only remember. */
  run(options: FakeOptions, run?: WorkflowRun): Promise<FakeWorld>;
  close(): Promise<void>;
}

/** Our workflows, bundled once, on a server that skips time. */
export async function openWorkflowTests(): Promise<WorkflowTests> {
  quietRuntime();
  const { temporalTestServer } = await ensurePythonTools();
  const [environment, bundle] = await Promise.all([
    TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: temporalTestServer } },
    }),
    bundleWorkflows(),
  ]);
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  return {
    environment,
    bundle,
    run: (options, run) => runCluster(environment, bundle, options, run),
    close: () => environment.teardown(),
  };
}

/** The same on a server that takes the time it takes: the other one tells nobody of a child that was terminated. */
export async function openTimedWorkflowTests(): Promise<WorkflowTests> {
  quietRuntime();
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-workflows-'));
  const [server, bundle] = await Promise.all([
    startTemporal({ dataDir, host: '127.0.0.1' }),
    bundleWorkflows(),
  ]);
  const { address } = server;
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
  return {
    environment,
    bundle,
    run: (options, run) => runCluster(environment, bundle, options, run),
    close: async () => {
      await environment.teardown();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Before anything else of Temporal's in a process. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger(process.env['PLINTH_TEST_LOG'] === undefined ? 'ERROR' : 'WARN'),
  });
}

/** `traced`: as they run where traces are wanted; `replayed`: telling what they schedule as well. */
export function bundleWorkflows({ traced = false, replayed = false } = {}): Promise<{
  code: string;
}> {
  const { workflowInterceptorModules = [], ...options } = bundleOptions({ traced });
  return bundleWorkflowCode({
    ...options,
    workflowInterceptorModules: [
      ...workflowInterceptorModules,
      ...(replayed ? [fileURLToPath(new URL('scheduledSteps.ts', import.meta.url))] : []),
    ],
    logger: new DefaultLogger('ERROR'),
  });
}

const IN_TURN: Partial<WorkerOptions> = {
  // What is cached comes by a queue of its own.
  maxCachedWorkflows: 0,
  maxConcurrentWorkflowTaskExecutions: 1,
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
};

async function runCluster(
  environment: TestWorkflowEnvironment,
  workflowBundle: { code: string },
  options: FakeOptions,
  { during, after, requestIds, rollout = false, upkeep = false, inTurn = false }: WorkflowRun = {},
): Promise<FakeWorld> {
  const world = fakeWorld(options);
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle,
    activities: world.activities,
    maxHeartbeatThrottleInterval: '100 ms',
    defaultHeartbeatThrottleInterval: '100 ms',
    ...(inTurn ? IN_TURN : {}),
  });
  await worker.runUntil(async () => {
    const { workflow } = environment.client;
    const [type, folder] = upkeep
      ? ['upkeep', 'upkeep']
      : rollout
        ? ['blueprintRollout', 'blueprint']
        : ['cluster', 'cluster'];
    const workflowId = `${folder}/p/${randomUUID()}`;
    const input = { project: 'p', name: 'c' };
    const handle = await (requestIds === undefined
      ? workflow.start(type, { taskQueue, workflowId, args: upkeep ? [{}] : [input] })
      : workflow.signalWithStart('cluster', {
          ...{ taskQueue, workflowId, args: [{ ...input, requestId: requestIds.start }] },
          ...{ signal: CHANGED_SIGNAL, signalArgs: [{ requestId: requestIds.signal }] },
        }));
    await during?.(handle);
    await handle.result();
    await after?.(environment.client);
  });
  return world;
}
