import { once } from 'node:events';

import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import type { StepRun, StepRunResult } from '../machine/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { runClusterStep } from './clusterStep.js';
import { runNodeStep } from './nodeStep.js';
import type { ActivityDeps } from './deps.js';

let db: TestDatabase;
let deps: ActivityDeps;
let clusterId: string;
let begun: () => void = () => undefined;

beforeAll(async () => {
  db = await openTestDatabase();
  deps = stepDeps(db.store, async (_on, _run, signal) => {
    const aborted = once(signal!, 'abort');
    begun();
    await aborted;
    throw new AppError(ErrorCode.Cancelled, 'the call was cancelled');
  });
  const name = 'stopped';
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, [node(1), node(2)]), secretsHash: 'h' },
  });
  clusterId = record.id;
  const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
  await db.store.secrets.put(`${project}/${name}`, 'ssh:node-1', login);
  for (const spec of [node(1), node(2)]) {
    await db.store.nodes.upsert(clusterId, spec.hostname, { spec, claimed: true, joined: true });
  }
}, 120_000);
afterAll(() => db.close());

/** Drains node-2, or waits for node-1, and is cancelled in the middle of it; gives what is recorded of that. */
async function stopped(
  tasksetId: string,
  details: Parameters<typeof ActivityCancellationDetails.fromProto>[0],
  step: 'drain' | 'node-ready' = 'drain',
) {
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [] },
  });
  const live = new Promise<void>((resolve) => (begun = resolve));
  const environment = new MockActivityEnvironment();
  const ref = {
    ...{ project, name: 'stopped', clusterId, generation: 1, tasksetId, step },
    ...{ operation: OperationName.NodeRemoval, operationIndex: 0 },
  };
  const ended = environment.run(() =>
    step === 'drain'
      ? runClusterStep(deps, { ...ref, subject: 'node-2' })
      : runNodeStep(deps, { ...ref, hostname: 'node-1' }),
  );
  await Promise.race([live, ended]);
  environment.cancel('CANCELLED', ActivityCancellationDetails.fromProto(details));
  await expect(ended).rejects.toThrow(/cancelled/i);
  return (await db.store.nodes.get(clusterId, 'node-1'))?.steps[step];
}

describe('a step through a control plane that is stopped', () => {
  it('by a person says so in its record, and leaves the node in the cluster', async () => {
    expect(await stopped('ttttttt', { isCancelled: true })).toMatchObject({
      ...{ state: 'failed', tasksetId: 'ttttttt' },
      failure: { node: 'node-1', step: 'drain', message: 'stopped by request' },
    });
    expect((await db.store.nodes.get(clusterId, 'node-2'))?.leaving).toBeUndefined();
  });

  it('because its worker shuts down goes on in another one', async () => {
    const record = await stopped('uuuuuuu', { isWorkerShutdown: true });
    expect(record).toMatchObject({ state: 'running', tasksetId: 'uuuuuuu' });
  });

  it('on a machine itself says the same', async () => {
    expect(await stopped('vvvvvvv', { isCancelled: true }, 'node-ready')).toMatchObject({
      ...{ state: 'failed', tasksetId: 'vvvvvvv' },
      failure: { node: 'node-1', step: 'node-ready', message: 'stopped by request' },
    });
    expect(await stopped('wwwwwww', { isWorkerShutdown: true }, 'node-ready')).toMatchObject({
      ...{ state: 'running', tasksetId: 'wwwwwww' },
    });
  });
});

describe('a step through control planes', () => {
  const three = ['node-1', 'node-2', 'node-3'];
  let id: string;
  let asked: string[] = [];
  let tasksetId = '';
  let tasksets = 0;

  beforeAll(async () => {
    const name = 'several';
    const specs = [1, 2, 3].map((n) => ({ ...node(n), roles: node(1).roles }));
    const { record } = await db.store.clusters.apply({
      ...{ project, name, desired: desired(name, specs), secretsHash: 'h' },
    });
    id = record.id;
    for (const spec of specs) {
      const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
      await db.store.secrets.put(`${project}/${name}`, `ssh:${spec.hostname}`, login);
    }
  });

  /** Takes the member of node-3 out; `said`: what a machine's run of that ends with. */
  async function takeOut(said: (on: string) => Partial<StepRunResult>): Promise<unknown> {
    for (const hostname of three) {
      const spec = { ...node(Number(hostname.at(-1))), roles: node(1).roles };
      await db.store.nodes.upsert(id, hostname, { spec, claimed: true, joined: true });
    }
    tasksets += 1;
    tasksetId = `several${String(tasksets)}`;
    await db.store.tasksets.begin({
      ...{ id: tasksetId, clusterId: id, generation: 1, status: TasksetStatus.InProgress },
      ...{ comments: '', operations: [], plan: [] },
    });
    asked = [];
    let on = '';
    const own = stepDeps(
      db.store,
      (machine) => {
        on = machine;
        asked.push(machine);
        return {};
      },
      () => said(on),
    );
    return new MockActivityEnvironment().run(() =>
      runClusterStep(own, {
        ...{ project, name: 'several', clusterId: id, generation: 1, tasksetId },
        ...{ operation: OperationName.NodeRemoval, operationIndex: 0 },
        ...{ step: 'etcd-member-remove', subject: 'node-3' },
      }),
    );
  }
  const lacksEtcd: Partial<StepRunResult> = {
    ...({ outcome: 'failed', exitCode: 1, failCode: 'QuorumRisk' } as const),
    results: { elsewhere: 'etcd' },
  };

  it('is done through another one where the first has nothing to do it by', async () => {
    const outcome = await takeOut((on) => (on === 'node-1' ? lacksEtcd : {}));
    expect(outcome).toMatchObject({ outcome: 'done' });
    expect(asked).toEqual(['node-1', 'node-2']);
  });

  it('fails where none has, and leaves the node what it was', async () => {
    await db.store.nodes.upsert(id, 'node-3', { leaving: false, status: 'READY' });
    await expect(takeOut(() => lacksEtcd)).rejects.toMatchObject({ code: ErrorCode.QuorumRisk });
    expect(asked).toEqual(['node-1', 'node-2']);
    expect(await db.store.nodes.get(id, 'node-3')).toMatchObject({
      ...{ leaving: false, status: 'READY' },
    });
  });

  it('leaves a node what it was that etcd does not let go', async () => {
    const refused = { outcome: 'failed', exitCode: 1, failCode: 'QuorumRisk' } as const;
    await db.store.nodes.upsert(id, 'node-3', { leaving: false, status: 'READY' });
    await expect(takeOut(() => refused)).rejects.toMatchObject({ code: ErrorCode.QuorumRisk });
    expect(asked).toEqual(['node-1']);
    expect(await db.store.nodes.get(id, 'node-3')).toMatchObject({
      ...{ leaving: false, status: 'READY' },
    });
  });

  it.each([
    ['keeps one that only an attempt which was lost had noted as leaving', false],
    ['leaves one leaving whose machine was being reset before', true],
  ])('%s', async (_, reset) => {
    await db.store.nodes.upsert(id, 'node-3', { leaving: true, status: 'DELETING' });
    if (reset) {
      await db.store.nodes.setStep(id, 'node-3', 'reset', {
        ...{ state: 'failed', tasksetId, attempt: 1 },
        operation: OperationName.NodeRemoval,
      });
    }
    const refused = { outcome: 'failed', exitCode: 1, failCode: 'QuorumRisk' } as const;
    await expect(takeOut(() => refused)).rejects.toMatchObject({ code: ErrorCode.QuorumRisk });
    expect(await db.store.nodes.get(id, 'node-3')).toMatchObject(
      reset ? { leaving: true, status: 'DELETING' } : { leaving: false, status: 'READY' },
    );
  });
});

it('a drain is given as long as the worker is set to', async () => {
  const runs: StepRun[] = [];
  const patient: ActivityDeps = {
    ...stepDeps(db.store, (_on, run) => {
      runs.push(run);
      return {};
    }),
    drainSeconds: 1800,
  };
  const tasksetId = 'patient';
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [] },
  });
  const ref = {
    ...{ project, name: 'stopped', clusterId, generation: 1, tasksetId, step: 'drain' as const },
    ...{ operation: OperationName.NodeRemoval, operationIndex: 0, subject: 'node-2' },
  };
  await new MockActivityEnvironment().run(() => runClusterStep(patient, ref));

  expect(runs).toMatchObject([{ step: 'drain', params: { DRAIN_SECONDS: '1800' } }]);
  expect(runs[0]?.timeoutSeconds).toBeGreaterThan(1800);
});
