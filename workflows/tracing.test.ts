import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { CHANGED_SIGNAL } from '../core/clusterWorkflow.js';
import type { OperationPlan } from '../core/plan.js';
import { formatTraceparent, type EndedSpan, type TraceContext } from '../core/traceContext.js';
import { startTemporal, type EmbeddedTemporal } from '../embedded/temporal.js';
import { fakeTracing, type FakeTracing } from '../test/tracing/fakeTracing.js';
import { bundleWorkflows, quietRuntime } from '../test/workflows/environment.js';
import { fakeWorld, stepFailure, type FakeOptions } from '../test/workflows/fakeActivities.js';
import { historiesUnder } from '../test/workflows/histories.js';
import { traceWorkflowClient } from '../tracing/workflowClient.js';
import { activityTrace } from '../worker/activityTrace.js';
import { workflowSpans } from '../worker/workflowSpans.js';

// A server of its own, on a busy computer.
vi.setConfig({ testTimeout: 60_000 });

/*
 * On the server that people run, not on the one that skips time: that one forgets the headers of a signal-with-start
 * whose workflow runs.
 */

let dataDir: string;
let server: EmbeddedTemporal;
let connection: Connection;
let nativeConnection: NativeConnection;
let plain: { code: string };
let traced: { code: string };
let tracing: FakeTracing;

beforeAll(async () => {
  quietRuntime();
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-spans-'));
  server = await startTemporal({ dataDir, host: '127.0.0.1' });
  [connection, nativeConnection, plain, traced] = await Promise.all([
    Connection.connect({ address: server.address }),
    NativeConnection.connect({ address: server.address }),
    bundleWorkflows(),
    bundleWorkflows({ traced: true }),
  ]);
}, 120_000);
afterAll(async () => {
  await Promise.all([connection.close(), nativeConnection.close()]);
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  tracing = fakeTracing();
});

const creation: OperationPlan = {
  ...{ name: 'ClusterCreation', reason: 'the cluster does not exist yet' },
  nodes: [{ hostname: 'm1', path: 'leader' }],
  ...{ leave: [], clusterSteps: ['check-in'] },
};
const deletion: OperationPlan = {
  ...{ name: 'ClusterDeletion', reason: 'to be deleted' },
  ...{ nodes: [{ hostname: 'm1', path: 'clean' }], leave: [], clusterSteps: [] },
};

interface Asking {
  /** A request that has the cluster looked at. */
  request(): Promise<TraceContext>;
  workflowId: string;
  taskQueue: string;
}

/** A cluster's workflow to its end, traced; `ask` makes the requests. Gives the id of the workflow. */
async function run(options: FakeOptions, ask: (asking: Asking) => Promise<void>): Promise<string> {
  const workflowId = `cluster/p/${randomUUID()}`;
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    ...{ connection: nativeConnection, taskQueue, workflowBundle: traced },
    activities: fakeWorld(options).activities,
    interceptors: { activity: [activityTrace(tracing)] },
    sinks: workflowSpans(tracing),
    maxHeartbeatThrottleInterval: '100 ms',
    defaultHeartbeatThrottleInterval: '100 ms',
  });
  const { workflow } = new Client({
    connection,
    interceptors: { workflow: [traceWorkflowClient(tracing)] },
  });
  const request = (): Promise<TraceContext> =>
    tracing.span({ name: 'request', kind: 'server', parent: 'none' }, async ({ context }) => {
      await workflow.signalWithStart('cluster', {
        ...{ taskQueue, workflowId, args: [{ project: 'p', name: 'c' }] },
        ...{ signal: CHANGED_SIGNAL, signalArgs: [{}] },
      });
      return context;
    });
  await worker.runUntil(async () => {
    await ask({ request, workflowId, taskQueue });
    await new Client({ connection }).workflow.getHandle(workflowId).result();
  });
  return workflowId;
}

const justOne = async ({ request }: Asking): Promise<void> => {
  await request();
};
const recorded = (name: string): EndedSpan[] => tracing.recorded.filter((of) => of.name === name);
const steps = (): string[] =>
  tracing.ended.map(({ name }) => name).filter((of) => /^step/.test(of));

describe('the spans of a taskset', () => {
  it('lead from the request that asked for it to its steps', async () => {
    let request: TraceContext | undefined;
    await run({ operations: [creation] }, async (asking) => {
      request = await asking.request();
    });
    const [signal] = tracing.ended.filter(({ name }) => name.startsWith('SignalWithStart'));
    expect(signal?.parent).toEqual(request);
    const [taskset, operation, node] = ['taskset', 'operation ClusterCreation', 'node'].map(
      (name) => {
        const found = recorded(name);
        expect(found.map((of) => of.name)).toEqual([name]);
        return found[0]!;
      },
    );
    expect(taskset!.parent).toEqual(signal!.context);
    expect(operation!.parent).toEqual(taskset!.context);
    expect(node!.parent).toEqual(operation!.context);
    const init = tracing.ended.find(({ name }) => name === 'step kubeadm-init');
    expect(init?.parent).toEqual(node!.context);
    const checkIn = tracing.ended.find(({ name }) => name === 'step check-in');
    expect(checkIn?.parent).toEqual(operation!.context);
    expect(node!.end).toBeGreaterThanOrEqual(node!.start);
    expect(node!.attributes).toMatchObject({
      ...{ 'plinth.project': 'p', 'plinth.cluster': 'c', 'plinth.node': 'm1' },
      'plinth.operation': 'ClusterCreation',
    });
    expect(tracing.recorded.flatMap(({ errorType }) => errorType ?? [])).toEqual([]);
  });

  it('are in the trace of the last request, where another one asked while the workflow ran', async () => {
    let deleted = false;
    let begun: () => void = () => undefined;
    const live = new Promise<void>((resolve) => (begun = resolve));
    const onStep = async (name: string): Promise<void> => {
      if (name !== 'm1 kubeadm-init') return;
      const context = Context.current();
      const beating = setInterval(() => context.heartbeat(), 50);
      begun();
      await context.cancelled.finally(() => clearInterval(beating));
    };
    const options = { operations: [creation], deletion, isDeleting: () => deleted, onStep };
    const requests: TraceContext[] = [];
    const workflowId = await run(options, async ({ request }) => {
      requests.push(await request());
      await live;
      deleted = true;
      requests.push(await request());
    });
    // All of it in one run.
    const [started] = (await historiesUnder(new Client({ connection }), workflowId)).keys();
    expect(started).toBe(workflowId);
    const inTrace = (traceId: string): string[] =>
      tracing.recorded.filter(({ context }) => context.traceId === traceId).map(({ name }) => name);
    expect(inTrace(requests[0]!.traceId).toSorted()).toEqual([
      ...['node', 'operation ClusterCreation', 'taskset'],
    ]);
    expect(inTrace(requests[1]!.traceId).toSorted()).toEqual([
      ...['node', 'operation ClusterDeletion', 'taskset'],
    ]);
  });

  it('are in the trace of who asked for what is done, whoever told the workflow', async () => {
    const asker = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
    const by = { requestId: 'request', traceparent: formatTraceparent(asker) };
    let teller: TraceContext | undefined;
    await run({ operations: [creation], by }, async ({ request }) => {
      teller = await request();
    });
    expect(recorded('taskset').map(({ parent }) => parent)).toEqual([asker]);
    expect(new Set(tracing.recorded.map(({ context }) => context.traceId))).toEqual(
      new Set([asker.traceId]),
    );
    expect(teller!.traceId).not.toBe(asker.traceId);
    const init = tracing.ended.find(({ name }) => name === 'step kubeadm-init');
    expect(init?.attributes['plinth.request_id']).toBe('request');
  });

  it('that nobody asked for begin a trace of their own', async () => {
    await run({ operations: [creation] }, async ({ workflowId, taskQueue }) => {
      // As by hand in Temporal's UI, or by a process that traces nothing.
      const { workflow } = new Client({ connection });
      const args = [{ project: 'p', name: 'c' }];
      await workflow.start('cluster', { workflowId, taskQueue, args });
    });
    const [taskset] = recorded('taskset');
    expect(taskset!.parent).toBeUndefined();
    expect(new Set(tracing.recorded.map(({ context }) => context.traceId)).size).toBe(1);
    expect(steps().length).toBeGreaterThan(3);
    expect(tracing.ended.every(({ context }) => context.traceId === taskset!.context.traceId)).toBe(
      true,
    );
  });

  it('say where it failed, in classes', async () => {
    const onStep = (name: string): void => {
      if (name === 'm1 kubeadm-init') throw stepFailure('m1', 'kubeadm-init');
    };
    await run({ operations: [creation], onStep }, justOne);
    const errors = tracing.recorded.map(({ name, errorType }) => [name, errorType]);
    expect(Object.fromEntries(errors)).toEqual({
      ...{ node: 'StepFailed', 'operation ClusterCreation': 'OperationFailed' },
      taskset: 'OperationFailed',
    });
    const step = tracing.ended.find(({ failure }) => failure !== undefined);
    expect(step).toMatchObject({
      name: 'step kubeadm-init',
      failure: { type: 'StepFailed', message: '"kubeadm-init" failed' },
      attributes: { 'plinth.outcome': 'failed', 'plinth.attempt': 1 },
    });
    // What a machine said, and what was run there, is not in it.
    expect(JSON.stringify(tracing.ended)).not.toContain('--now');
  });
});

describe('a history', () => {
  it('is walked the same way with traces and without', async () => {
    const workflowId = await run({ operations: [creation] }, justOne);
    const kept = [...(await historiesUnder(new Client({ connection }), workflowId))];
    expect(kept.length).toBeGreaterThan(2);
    for (const workflowBundle of [traced, plain]) {
      const replays = kept.map(([id, history]) => ({ workflowId: id, history }));
      const options = { workflowBundle, sinks: workflowSpans(fakeTracing()) };
      for await (const { workflowId: id, error } of Worker.runReplayHistories(options, replays)) {
        expect([id, error]).toEqual([id, undefined]);
      }
    }
  });
});
