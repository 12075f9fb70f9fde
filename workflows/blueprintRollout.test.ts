import { randomUUID } from 'node:crypto';

import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RolloutTurn } from '../activities/rollouts.js';
import { CHANGED_SIGNAL } from '../core/clusterWorkflow.js';
import { openWorkflowTests, type WorkflowTests } from '../test/workflows/environment.js';
import { fakeWorld, type FakeWorld } from '../test/workflows/fakeActivities.js';

let tests: WorkflowTests;
beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);
afterAll(() => tests.close());

interface Play {
  turns: Partial<RolloutTurn>[];
  begins?: ({ version: string } | undefined)[];
  /** Sent before the first turn is played. */
  signal?: boolean;
  /** A cluster whose own workflow runs already. */
  running?: string;
}

interface Played extends FakeWorld {
  /** The history of a cluster's workflow; undefined: it has none. */
  signalsOf(cluster: string): Promise<string[] | undefined>;
}

/** A rollout from its start to its end, with clusters that have nothing to do. */
async function play({ turns, begins, signal = false, running }: Play): Promise<Played> {
  const left = [...turns];
  const versions = [...(begins ?? [])];
  let waits = running !== undefined;
  const world = fakeWorld({
    operations: [],
    waitingFor: () => (waits ? 'waiting for m1 to register' : undefined),
    rollout: {
      begin: () => (begins === undefined ? { version: 'v2' } : versions.shift()),
      advance: () => ({ version: 'v2', asked: [], ended: false, ...left.shift() }),
    },
  });
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    ...{ connection: tests.environment.nativeConnection, taskQueue },
    ...{ workflowBundle: tests.bundle, activities: world.activities },
  });
  const { workflow } = tests.environment.client;
  const project = randomUUID();
  const idOf = (name: string): string => `cluster/${project}/${name}`;
  await worker.runUntil(async () => {
    if (running !== undefined) {
      const args = [{ project, name: running }];
      await workflow.start('cluster', { taskQueue, workflowId: idOf(running), args });
    }
    const start = {
      ...{ taskQueue, workflowId: `blueprint/${project}/web` },
      args: [{ project, name: 'web' }],
    };
    const handle = await (signal
      ? workflow.signalWithStart('blueprintRollout', {
          ...{ ...start, signal: CHANGED_SIGNAL, signalArgs: [{}] },
        })
      : workflow.start('blueprintRollout', start));
    await handle.result();
    waits = false;
    if (running !== undefined) await workflow.getHandle(idOf(running)).result();
  });
  return {
    ...world,
    signalsOf: async (name) => {
      try {
        const { events } = await workflow.getHandle(idOf(name)).fetchHistory();
        return (events ?? []).flatMap(
          (event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? [],
        );
      } catch {
        return undefined;
      }
    },
  };
}

describe('a rollout', () => {
  it('goes on until it has ended, and starts the workflow of each cluster that was asked', async () => {
    const { calls, signalsOf } = await play({
      turns: [{ asked: ['a', 'b'] }, {}, { asked: ['c'] }, {}, { ended: true }],
    });
    expect(calls.filter((call) => call.startsWith('rollout'))).toEqual([
      'rollout asks a b',
      'rollout asks nobody',
      'rollout asks c',
      'rollout asks nobody',
      'rollout asks nobody, ended',
    ]);
    for (const name of ['a', 'b', 'c']) expect(await signalsOf(name)).toEqual([]);
    expect(await signalsOf('d')).toBeUndefined();
  });

  it('tells the workflow of a cluster that runs already', async () => {
    const { signalsOf } = await play({
      ...{ turns: [{ asked: ['a'] }, { ended: true }], running: 'a' },
    });
    expect(await signalsOf('a')).toEqual([CHANGED_SIGNAL]);
  });

  it('ends at once where the blueprint is gone', async () => {
    const { calls } = await play({ turns: [], begins: [undefined] });
    expect(calls).toEqual(['begin rollout']);
  });

  it('begins once for what came before it had started', async () => {
    const { calls } = await play({ turns: [{ ended: true }], signal: true });
    expect(calls.filter((call) => call === 'begin rollout')).toHaveLength(1);
  });
});
