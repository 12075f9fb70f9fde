import { randomUUID } from 'node:crypto';

import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { NodePath } from '../core/steps.js';
import { openWorkflowTests, type WorkflowTests } from '../test/workflows/environment.js';
import { fakeWorld, stepFailure, type FakeOptions } from '../test/workflows/fakeActivities.js';
import type { SoFar } from './anew.js';
import type { OperationInput } from './input.js';

let tests: WorkflowTests;

beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);
afterAll(() => tests.close());

interface Operation {
  name: 'ClusterCreation' | 'NodeUpdate' | 'ClusterUpgrade' | 'NodeRemoval';
  nodes: { hostname: string; path: NodePath }[];
  soFar?: SoFar;
  leave?: string[];
}

/** One operation by itself, with activities that only remember. */
async function play(operation: Operation, options: Partial<FakeOptions> = {}) {
  const { name, nodes, soFar, leave = [] } = operation;
  const world = fakeWorld({ operations: [], ...options });
  const { client, nativeConnection: connection } = tests.environment;
  const [taskQueue, workflowId] = [randomUUID(), `operation/${randomUUID()}`];
  const input: OperationInput = {
    ref: {
      ...{ project: 'p', name: 'c', clusterId: 'c000001', generation: 1, tasksetId: 'aaaaaaa' },
      ...{ operation: name, operationIndex: 0 },
    },
    plan: { ...{ name, reason: 'asked for', nodes, leave, clusterSteps: [] }, workersAtOnce: 1 },
    ...(soFar === undefined ? {} : { soFar }),
  };
  const { activities } = world;
  const workflowBundle = tests.bundle;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities });
  const handle = await client.workflow.start(name, { taskQueue, workflowId, args: [input] });
  const failure = await worker.runUntil(
    handle.result().then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  const eventsOf = async (id: string) =>
    (await client.workflow.getHandle(id).fetchHistory()).events ?? [];
  return {
    calls: world.calls,
    failure: failure instanceof WorkflowFailedError ? failure.cause : failure,
    last: await eventsOf(workflowId),
    eventsOf: (hostname: string) => eventsOf(`${workflowId}/${hostname}`),
  };
}

describe('an operation of more nodes than one run takes', () => {
  it('goes on in a new run: it begins once, each node is done once, and all that failed is told at the end', async () => {
    const nodes = Array.from({ length: 260 }, (_, index) => ({
      ...{ hostname: `m${String(index + 1)}`, path: 'endpoint' as const },
    }));
    const failing = ['m3 api-endpoint', 'm255 api-endpoint'];
    const { calls, failure, last } = await play(
      { name: 'NodeUpdate', nodes },
      {
        onStep: (step) => {
          if (failing.includes(step)) throw stepFailure(step.split(' ')[0] ?? '', 'api-endpoint');
        },
      },
    );
    const started = calls.filter((call) => call.startsWith('start '));
    expect(started.toSorted()).toEqual(
      nodes.map(({ hostname }) => `start ${hostname} api-endpoint`).toSorted(),
    );
    expect(calls.filter((call) => call.startsWith('begin'))).toEqual(['begin NodeUpdate']);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(String(failure)).toMatch(/node m255, .*node m3, /);
    const [first] = last;
    expect(first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toMatch(/./);
    expect(last.length).toBeLessThan(500);
  }, 240_000);
});

describe('an upgrade of more nodes than one run takes', { timeout: 240_000 }, () => {
  const workers = (count: number): Operation['nodes'] =>
    Array.from({ length: count }, (_, index) => ({
      ...{ hostname: `w${String(index + 1)}`, path: 'upgrade-worker' as const },
    }));
  const startsOf = (calls: readonly string[], step: string): string[] =>
    calls.filter((call) => call.startsWith('start ') && call.endsWith(` ${step}`));

  it('goes on giving them their files in a new run, and changes nothing before', async () => {
    const nodes = [{ hostname: 'm1', path: 'upgrade-first' as const }, ...workers(251)];
    const { calls, failure, last } = await play(
      { name: 'ClusterUpgrade', nodes },
      {
        onStep: (name) => {
          const [hostname = '', step = ''] = name.split(' ');
          // All but a few of them: what fails is soon done.
          if (step === 'artifacts' && !['m1', 'w1', 'w251'].includes(hostname)) {
            throw stepFailure(hostname, step);
          }
        },
      },
    );
    expect(startsOf(calls, 'artifacts').toSorted()).toEqual(
      nodes.map(({ hostname }) => `start ${hostname} artifacts`).toSorted(),
    );
    expect(calls.filter((call) => call.startsWith('begin'))).toEqual(['begin ClusterUpgrade']);
    expect(calls.indexOf('start m1 etcd-snapshot')).toBeGreaterThan(
      calls.indexOf('end w251 images'),
    );
    expect(startsOf(calls, 'uncordon').toSorted()).toEqual(
      ['m1', 'w1', 'w251'].map((name) => `start ${name} uncordon`),
    );
    expect(String(failure)).toMatch(/and 229 more failed: /);
    const [first] = last;
    expect(first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toMatch(/./);
  });

  it('gives none its files again, and has nobody begin after a failure, when their turns go on in a new run', async () => {
    const nodes = workers(252);
    const known = nodes.slice(0, 251).map(({ hostname }) => `prefetch/${hostname}`);
    const { calls, failure } = await play(
      {
        ...{ name: 'ClusterUpgrade', nodes },
        soFar: { ended: known, failures: [], controlPlaneUp: true },
      },
      {
        onStep: (name) => {
          const [hostname = '', step = ''] = name.split(' ');
          if (step === 'upgrade-drain') throw stepFailure(hostname, step);
        },
      },
    );
    expect(startsOf(calls, 'artifacts')).toEqual(['start w252 artifacts']);
    const begun = startsOf(calls, 'upgrade-drain');
    expect(begun).toHaveLength(1);
    const [blocked = ''] = /not started because of that: .*/.exec(String(failure)) ?? [];
    expect(blocked.split(', ')).toHaveLength(251);
  });

  it('that an older plinth has begun goes on as it began', async () => {
    const nodes = workers(52);
    const ended = nodes.slice(0, 50).map(({ hostname }) => `upgrade-worker/${hostname}`);
    const { calls, failure } = await play({
      ...{ name: 'ClusterUpgrade', nodes },
      soFar: { ended, failures: [], controlPlaneUp: true },
    });
    expect(failure).toBeUndefined();
    for (const step of ['artifacts', 'uncordon']) {
      expect(startsOf(calls, step).toSorted()).toEqual(
        ['w51', 'w52'].map((name) => `start ${name} ${step}`),
      );
    }
  });
});

describe('a later run of an operation', { timeout: 60_000 }, () => {
  it('does nothing again that was done, and tells what had failed', async () => {
    const { calls, failure, eventsOf } = await play({
      name: 'ClusterCreation',
      nodes: [
        { hostname: 'm1', path: 'leader' },
        { hostname: 'm2', path: 'worker' },
        { hostname: 'm3', path: 'worker' },
      ],
      soFar: {
        ...{ ended: ['leader/m1', 'worker/m2'], controlPlaneUp: true },
        failures: [{ task: 'worker/m2', hostname: 'm2', text: 'm2: no disk', blocked: false }],
      },
    });
    expect(calls.filter((call) => /begin|facts m|preflight|m1|m2/.test(call))).toEqual([]);
    expect(calls).toContain('end m3 node-ready');
    expect(String(failure)).toContain('m2: no disk');
    // The gate stood open when it started: it had nobody to ask.
    const asked = (await eventsOf('m3')).filter(
      (event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes,
    );
    expect(asked).toEqual([]);
  });

  it('takes no further node on when what one run found forbids it', async () => {
    const blockedBy = 'the upgrade of m2 failed';
    const { calls, failure } = await play({
      name: 'ClusterUpgrade',
      nodes: [
        { hostname: 'm1', path: 'upgrade-first' },
        { hostname: 'm2', path: 'upgrade-worker' },
        { hostname: 'm3', path: 'upgrade-worker' },
      ],
      soFar: {
        ...{ ended: ['upgrade-first/m1', 'upgrade-worker/m2'], controlPlaneUp: true, blockedBy },
        failures: [{ task: 'upgrade-worker/m2', hostname: 'm2', text: 'm2: it', blocked: false }],
      },
    });
    expect(calls.filter((call) => call.includes('upgrade-drain'))).toEqual([]);
    expect(String(failure)).toContain('not started because of that: m3');
  });

  it('lets nobody leave the cluster a second time', async () => {
    const { calls, failure } = await play({
      ...{ name: 'NodeRemoval', leave: ['m8', 'm9'] },
      nodes: [
        { hostname: 'm8', path: 'clean' },
        { hostname: 'm9', path: 'clean' },
      ],
      soFar: { ended: ['clean/m8'], failures: [], controlPlaneUp: true },
    });
    expect(failure).toBeUndefined();
    expect(calls.filter((call) => call.startsWith('start'))).toEqual(
      ['reset', 'restore', 'release'].map((step) => `start m9 ${step}`),
    );
    expect(calls.filter((call) => call.includes('forget'))).toHaveLength(2);
  });
});
