import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';

import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import { activityLog } from './activityLog.js';
import { activityMetrics } from './activityMetrics.js';
import { serveMetrics } from './metricsServer.js';
import { createWorkerMetrics, type WorkerMetrics } from './workerMetrics.js';

const ref = {
  ...{ project: 'p', name: 'secret-name', clusterId: 'c', generation: 1, tasksetId: 't1' },
  ...{ operation: 'NodeAddition', operationIndex: 0, requestId: 'r1' },
};
const step = { ...ref, hostname: 'm1', step: 'claim' };

let registry: Registry;
let metrics: WorkerMetrics;
beforeEach(() => {
  registry = new Registry();
  metrics = createWorkerMetrics(registry, {
    activities: 200,
    version: '1.2.3',
    buildId: '1.2.3-abc',
  });
});

/** An activity as the worker runs it, scheduled a minute ago. */
async function run(
  interceptor: ActivityInterceptorsFactory,
  {
    type,
    args,
    work,
    isLocal = false,
  }: { type: string; args: unknown[]; work: () => unknown; isLocal?: boolean },
): Promise<unknown> {
  const info = {
    activityType: type,
    isLocal,
    attempt: 2,
    currentAttemptScheduledTimestampMs: Date.now() - 60_000,
    workflowExecution: { workflowId: 'w', runId: 'r' },
  };
  const { inbound } = interceptor({ info } as never);
  return inbound!.execute!({ args, headers: {} }, async () => work());
}

const thrown = (error: Error) => () => {
  throw error;
};
const lost = ApplicationFailure.create({ type: 'ConnectionLost', message: 'at 10.0.0.9' });
const failed = ApplicationFailure.create({
  ...{ type: 'StepFailed', nonRetryable: true, message: 'on m1' },
});

const series = async (name: string): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));

describe('steps', () => {
  test.each([
    ['done', () => ({ outcome: 'done' })],
    ['skipped', () => ({ outcome: 'skipped' })],
    ['interrupted', thrown(lost)],
    ['failed', thrown(failed)],
    ['failed', thrown(new Error('unknown'))],
    ['cancelled', thrown(new CancelledFailure('stopped'))],
  ])('that end as %s are timed as such', async (outcome, work) => {
    await run(activityMetrics(metrics), { type: 'runNodeStep', args: [step], work }).catch(
      () => undefined,
    );
    expect(await series('plinth_step_duration_seconds_count')).toEqual([
      `plinth_step_duration_seconds_count{step="claim",outcome="${outcome}"} 1`,
    ]);
    expect(await series('plinth_activities_running')).toEqual(['plinth_activities_running 0']);
  });

  test('are no other activities; facts are one', async () => {
    const work = () => undefined;
    await run(activityMetrics(metrics), { type: 'markNodes', args: [ref, []], work });
    await run(activityMetrics(metrics), { type: 'gatherFacts', args: [ref], work });
    expect(await series('plinth_step_duration_seconds_count')).toEqual([
      'plinth_step_duration_seconds_count{step="facts",outcome="done"} 1',
    ]);
  });
});

test('the wait for a worker is that of this attempt; local activities have none and take no place', async () => {
  const work = (): number => Number(/plinth_activities_running (\d)/.exec(running)![1]);
  let running = '';
  const takes = async (isLocal: boolean): Promise<unknown> =>
    run(activityMetrics(metrics), {
      ...{ type: 'preflightCluster', args: [ref], isLocal },
      work: async () => {
        running = await registry.metrics();
        return work();
      },
    });
  expect(await takes(true)).toBe(0);
  expect(await series('plinth_activity_queue_delay_seconds_sum')).toEqual([]);
  expect(await takes(false)).toBe(1);
  const [sum = ''] = await series('plinth_activity_queue_delay_seconds_sum');
  expect(Number(sum.split(' ')[1])).toBeGreaterThanOrEqual(60);
});

test('a worker shows what it is of, and whether work comes to that version', async () => {
  expect(await series('plinth_build_info')).toEqual([
    'plinth_build_info{version="1.2.3",build_id="1.2.3-abc"} 1',
  ]);
  expect(await series('plinth_worker_current')).toEqual(['plinth_worker_current 0']);
  metrics.observeCurrent(true);
  expect(await series('plinth_worker_current')).toEqual(['plinth_worker_current 1']);
});

test('an operation is counted once its end is recorded, and from 0 on', async () => {
  const end = (
    isFailed: boolean,
    work: () => unknown = () => undefined,
    more: object = {},
  ): Promise<unknown> => {
    const outcome = { index: 0, failed: isFailed, errorSummary: 'no', ...more };
    return run(activityMetrics(metrics), { type: 'endOperation', args: [ref, outcome], work });
  };
  const added = async (): Promise<string[]> =>
    (await series('plinth_operations_total')).filter((line) => line.includes('NodeAddition'));
  const shown = (succeeded: number, not: number, cancelled = 0): string[] => [
    `plinth_operations_total{operation="NodeAddition",outcome="succeeded"} ${String(succeeded)}`,
    `plinth_operations_total{operation="NodeAddition",outcome="failed"} ${String(not)}`,
    `plinth_operations_total{operation="NodeAddition",outcome="cancelled"} ${String(cancelled)}`,
  ];
  expect(await added()).toEqual(shown(0, 0));
  await end(false, thrown(lost)).catch(() => undefined);
  await end(false);
  await end(true);
  expect(await added()).toEqual(shown(1, 1));
  await end(true, undefined, { cancelled: true });
  expect(await added()).toEqual(shown(1, 1, 1));
});

test('no label holds the name of anything', async () => {
  await run(activityMetrics(metrics), {
    type: 'runNodeStep',
    args: [step],
    work: thrown(failed),
  }).catch(() => undefined);
  const text = await registry.metrics();
  for (const name of ['secret-name', 'm1', '"p"', 't1']) expect(text).not.toContain(name);
});

describe('the log', () => {
  async function lineOf(work: () => unknown): Promise<[string, Record<string, unknown>]> {
    const lines: [string, Record<string, unknown>][] = [];
    const at = (level: string) => (fields: Record<string, unknown>) => {
      lines.push([level, fields]);
    };
    const log = { info: at('info'), warn: at('warn'), error: at('error') };
    await run(activityLog(log), { type: 'runNodeStep', args: [step], work }).catch(() => undefined);
    expect(lines).toHaveLength(1);
    return lines[0]!;
  }

  test('has a line for each attempt: request, cluster, taskset, node, step', async () => {
    const [level, fields] = await lineOf(() => ({ outcome: 'done' }));
    expect(level).toBe('info');
    expect(fields).toMatchObject({
      ...{ requestId: 'r1', project: 'p', cluster: 'secret-name', taskset: 't1' },
      ...{ operation: 'NodeAddition', node: 'm1', step: 'claim', attempt: 2, outcome: 'done' },
    });
  });

  test.each([
    ['warn', 'ConnectionLost', lost],
    ['error', 'StepFailed', failed],
  ])('is %s for %s, without its words', async (wanted, code, error) => {
    const [level, fields] = await lineOf(thrown(error));
    expect([level, fields['error']]).toEqual([wanted, code]);
    expect(JSON.stringify(fields)).not.toContain(error.message);
  });
});

test('the address serves /metrics and nothing else', async () => {
  const server = await serveMetrics(registry, { host: '127.0.0.1', port: 0 });
  const at = `http://127.0.0.1:${String(server.port)}`;
  const answer = await fetch(`${at}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await answer.text()).toContain('plinth_activities_limit 200');
  expect((await fetch(`${at}/`)).status).toBe(404);
  expect((await fetch(`${at}/metrics`, { method: 'POST' })).status).toBe(404);
  await server.close();
  await expect(fetch(`${at}/metrics`)).rejects.toThrow();
});
