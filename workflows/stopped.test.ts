import { setTimeout as delay } from 'node:timers/promises';

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CANCEL_SIGNAL } from '../core/clusterWorkflow.js';
import type { NodeTask, OperationPlan } from '../core/plan.js';
import { openTimedWorkflowTests, type WorkflowTests } from '../test/workflows/environment.js';
import { stepFailure, type FakeWorld } from '../test/workflows/fakeActivities.js';
import { longStep } from '../test/workflows/longStep.js';

let tests: WorkflowTests;

beforeAll(async () => {
  tests = await openTimedWorkflowTests();
}, 120_000);

afterAll(() => tests.close());

function operation(
  name: OperationPlan['name'],
  paths: Record<string, NodeTask['path']>,
  more: Partial<OperationPlan> = {},
): OperationPlan {
  const nodes = Object.entries(paths).map(([hostname, path]) => ({ hostname, path }));
  return { name, reason: 'asked for', nodes, leave: [], clusterSteps: [], ...more };
}

/** The operation, asked to stop in the middle of this step. */
async function cancelled(
  of: OperationPlan,
  step: string,
  { finishes = false } = {},
): Promise<FakeWorld> {
  const { live, onStep } = longStep(step, { finishes });
  const world = await tests.run(
    { operations: [of], onStep },
    {
      during: async (handle) => {
        await live;
        await handle.signal(CANCEL_SIGNAL);
      },
    },
  );
  const [outcome] = world.ended[0]?.outcomes ?? [];
  expect(outcome).toMatchObject({ failed: true, cancelled: true });
  expect(outcome?.errorSummary).toMatch(/^cancelled by request: .*stopped by request/);
  return world;
}

const started = ({ calls }: FakeWorld): string[] =>
  calls.filter((call) => call.startsWith('start ')).map((call) => call.slice('start '.length));
const failed = ({ calls }: FakeWorld): string[] => calls.filter((call) => call.startsWith('fail '));

describe('an operation that is cancelled', () => {
  it('in the turn of a node that is upgraded has it take pods again, and leaves those alone whose turn was to come', async () => {
    const upgrade = operation(
      'ClusterUpgrade',
      { m1: 'upgrade-first', m2: 'upgrade-worker', m3: 'upgrade-worker' },
      { kubernetesVersion: 'v1.35.4', workersAtOnce: 1 },
    );
    const world = await cancelled(upgrade, 'm1 kubelet-restart');
    expect(started(world).slice(-2)).toEqual(['m1 kubelet-restart', 'm1 uncordon']);
    expect(failed(world)).toEqual(['fail m1 kubelet-restart']);
  });

  it('in a step that is let finish ends after it, and says before which one', async () => {
    const creation = operation('ClusterCreation', { m1: 'leader' }, { clusterSteps: ['check-in'] });
    const world = await cancelled(creation, 'm1 packages', { finishes: true });
    expect(world.calls).toContain('end m1 packages');
    expect(started(world).at(-1)).toBe('m1 packages');
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toBe(
      'cancelled by request: node m1, step container-runtime: stopped by request before it began',
    );
  });

  it('in a step that is let finish takes nothing back of the next one, which never began', async () => {
    const upgrade = operation(
      'ClusterUpgrade',
      { m1: 'upgrade-first' },
      { kubernetesVersion: 'v1.35.4' },
    );
    const world = await cancelled(upgrade, 'm1 kubeadm-upgrade', { finishes: true });
    expect(started(world).at(-1)).toBe('m1 kubeadm-upgrade');
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toBe(
      'cancelled by request: node m1, step upgrade-drain: stopped by request before it began',
    );
  });

  it('while kubelets get other settings leaves those alone that have not got them', async () => {
    const update = operation('NodeUpdate', { m1: 'kubelet', m2: 'kubelet', m3: 'kubelet' });
    const { live, onStep } = longStep('kubelet-config');
    const world = await tests.run(
      { operations: [update], onStep: (name) => onStep(name.split(' ')[1] ?? '') },
      {
        during: async (handle) => {
          await live;
          await handle.signal(CANCEL_SIGNAL);
        },
      },
    );
    const [only, ...others] = started(world);
    expect(others).toEqual([]);
    expect(failed(world)).toEqual([`fail ${only ?? ''}`]);
  });

  it('while a control plane gets its data back goes no further: it is stopped, and the next attempt goes on', async () => {
    const restore = operation('ClusterRestore', {
      m1: 'restore-leader',
      m2: 'restore-control-plane',
      m3: 'restore-worker',
    });
    const world = await cancelled(restore, 'm1 etcd-restore');
    expect(started(world).at(-1)).toBe('m1 etcd-restore');
  });
});

describe('a node whose workflow is terminated by hand', () => {
  const creation = operation('ClusterCreation', {
    m1: 'leader',
    m2: 'control-plane',
    m3: 'control-plane',
  });

  const workflowOfStep = (): string => Context.current().info.workflowExecution?.workflowId ?? '';
  const terminate = (workflowId: string): Promise<unknown> =>
    tests.environment.client.workflow.getHandle(workflowId).terminate('by hand');

  it('is known to have failed', async () => {
    const world = await tests.run({
      operations: [creation],
      onStep: async (name) => {
        if (name === 'm2 os-prepare') await terminate(workflowOfStep());
      },
    });
    expect(failed(world)).toEqual(['fail m2 ']);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toContain('m2: ');
  });

  it('before its turn to join came holds up no other one', async () => {
    // Both stand before the gate while the first control plane is initialised; the one that came first is ended there.
    const waiting: string[] = [];
    const world = await tests.run({
      operations: [creation],
      onStep: async (name) => {
        if (/^m[23] images$/.test(name)) waiting.push(workflowOfStep());
        if (name !== 'm1 kubeadm-init') return;
        while (waiting.length < 2) await delay(20);
        await delay(1_000);
        await terminate(waiting[0] ?? '');
        await delay(1_000);
      },
    });
    const last = waiting[1]?.split('/').at(-1) ?? '';
    expect(world.calls).toContain(`end ${last} kubeadm-join-control-plane`);
    expect(world.ended).toMatchObject([{ failed: true }]);
  });
});

describe('control planes that were to join before the others are upgraded', () => {
  it('have nobody upgraded where one of them does not', async () => {
    const addition = operation('NodeAddition', { m4: 'control-plane' });
    const upgrade = operation('ClusterUpgrade', { m1: 'upgrade-first' });
    const world = await tests.run({
      operations: [addition, upgrade],
      onStep: (name) => {
        if (name === 'm4 kubeadm-join-control-plane') throw stepFailure('m4', 'kubeadm-join');
      },
    });
    expect(started(world)).not.toContain('m1 etcd-snapshot');
    expect(world.ended[0]?.outcomes[1]?.errorSummary).toBe('not started: NodeAddition failed');
  });
});

describe('a node that was drained', () => {
  const removal = operation('NodeRemoval', { m1: 'clean' }, { leave: ['m1'] });

  it('takes pods again where etcd does not let its member go', async () => {
    const world = await tests.run({
      operations: [removal],
      onStep: (name) => {
        if (name !== 'm1 etcd-member-remove') return;
        throw ApplicationFailure.nonRetryable('only 1 of 2 would answer', 'QuorumRisk');
      },
    });
    expect(started(world).slice(-3)).toEqual(['m1 drain', 'm1 etcd-member-remove', 'm1 uncordon']);
  });

  it('is asked to where it is cancelled before it has begun to leave', async () => {
    const world = await cancelled(removal, 'm1 etcd-member-remove');
    expect(started(world).at(-1)).toBe('m1 uncordon');
  });

  it('goes on from there where leaving itself fails: it is no whole node any more', async () => {
    const world = await tests.run({
      operations: [removal],
      onStep: (name) => {
        if (name === 'm1 node-delete') throw stepFailure('m2', 'node-delete');
      },
    });
    expect(started(world).at(-1)).toBe('m1 node-delete');
  });
});
