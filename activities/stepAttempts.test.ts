import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import type { NodeStepRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import type { StepRunResult } from '../machine/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { runClusterStep } from './clusterStep.js';
import type { ActivityDeps } from './deps.js';
import { failNode, runNodeStep } from './nodeStep.js';

/** What comes of a run: an error where nobody knows. */
type Said = Partial<StepRunResult> | AppError;

const FAILED: Said = { outcome: 'failed', exitCode: 1, lastLines: ['no space left'] };
const UNKNOWN: Said = { outcome: 'unknown' };
const LOST = new AppError(ErrorCode.ConnectionLost, 'the connection was lost');

let db: TestDatabase;
let deps: ActivityDeps;
let clusterId: string;
/** Numbers of the runs that were asked for, and what comes of the next ones; then all are done. */
let runs: number[];
let said: Said[];

beforeAll(async () => {
  db = await openTestDatabase();
  deps = stepDeps(
    db.store,
    (_on, { runId }) => {
      runs.push(Number(/-(\d+)$/.exec(runId)![1]));
      const [next] = said;
      if (!(next instanceof AppError)) return {};
      said.shift();
      throw next;
    },
    () => (said.shift() ?? {}) as Partial<StepRunResult>,
  );
  const name = 'attempts';
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, [node(1)]), secretsHash: 'h' },
  });
  clusterId = record.id;
  const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
  await db.store.secrets.put(`${project}/${name}`, 'ssh:node-1', login);
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), claimed: true, joined: true });
}, 120_000);
afterAll(() => db.close());

let tasksets = 0;
let tasksetId: string;
beforeEach(async () => {
  [runs, said] = [[], []];
  tasksets += 1;
  tasksetId = `aaaaaa${String(tasksets)}`;
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [] },
  });
});

const ref = () => ({
  ...{ project, name: 'attempts', clusterId, generation: 1, tasksetId },
  ...{ operation: OperationName.ClusterCreation, operationIndex: 0 },
});
const recorded = async (step: StepName): Promise<NodeStepRecord> =>
  (await db.store.nodes.get(clusterId, 'node-1'))!.steps[step]!;

describe.each([
  [
    'a step of a node',
    'os-prepare',
    (): Promise<unknown> => runNodeStep(deps, { ...ref(), hostname: 'node-1', step: 'os-prepare' }),
  ],
  [
    'a step through a control plane',
    'namespace-sync',
    (): Promise<unknown> => runClusterStep(deps, { ...ref(), step: 'namespace-sync' }),
  ],
] as const)('%s', (_, step, work) => {
  const run = () => new MockActivityEnvironment().run(work);

  it('that failed having run once has failed at its first attempt, and its retry is a run of its own', async () => {
    said = [FAILED];
    await expect(run()).rejects.toThrow('failed');
    expect(await recorded(step)).toMatchObject({ state: 'failed', attempt: 1 });
    await run();
    expect(runs).toEqual([1, 2]);
    const record = await recorded(step);
    expect([record.state, record.attempt, record.spent]).toEqual(['done', 2, undefined]);
  });

  it('that fails again has failed at its second, and its retry is the third run', async () => {
    said = [FAILED, FAILED];
    for (const attempt of [1, 2]) {
      await expect(run()).rejects.toThrow('failed');
      expect(await recorded(step)).toMatchObject({ state: 'failed', attempt });
    }
    await run();
    expect(runs).toEqual([1, 2, 3]);
  });

  it('whose connection was lost is found again under the name of the same run', async () => {
    said = [LOST, LOST];
    for (let lost = 0; lost < 2; lost += 1) await expect(run()).rejects.toThrow('lost');
    await run();
    expect(runs).toEqual([1, 1, 1]);
    expect(await recorded(step)).toMatchObject({ state: 'done', attempt: 1 });
  });

  it('that was lost in its second run is found again in that one', async () => {
    said = [FAILED, LOST];
    await expect(run()).rejects.toThrow('failed');
    await expect(run()).rejects.toThrow('lost');
    await run();
    expect(runs).toEqual([1, 2, 2]);
  });

  it('of a worker that died is found again under the name of the same run', async () => {
    const { hostname, ...running } = { ...ref(), hostname: 'node-1' };
    await db.store.nodes.setStep(clusterId, hostname, step, {
      ...{ state: 'running', tasksetId, operation: running.operation, operationIndex: 0 },
      ...{ attempt: 1, startedAt: 5 },
    });
    await run();
    expect(runs).toEqual([1]);
  });

  it('of a next taskset begins with the first attempt', async () => {
    said = [FAILED];
    await expect(run()).rejects.toThrow('failed');
    tasksetId = `bbbbbb${String(tasksets)}`;
    await db.store.tasksets.begin({
      ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress },
      ...{ comments: '', operations: [], plan: [] },
    });
    await run();
    expect(runs).toEqual([1, 1]);
    expect(await recorded(step)).toMatchObject({ state: 'done', attempt: 1 });
  });
});

describe('a step of a node', () => {
  const run = () =>
    new MockActivityEnvironment().run(() =>
      runNodeStep(deps, { ...ref(), hostname: 'node-1', step: 'os-prepare' }),
    );

  it('whose machine restarted under it is run again, as its second attempt', async () => {
    said = [UNKNOWN];
    await run();
    expect(runs).toEqual([1, 2]);
    expect(await recorded('os-prepare')).toMatchObject({ state: 'done', attempt: 2 });
  });

  it('that was given up after its connection was lost is still at its first attempt, which is found again', async () => {
    said = [LOST];
    await expect(run()).rejects.toThrow('lost');
    await failNode(deps, { ...ref(), hostname: 'node-1', step: 'os-prepare', message: 'lost' });
    expect(await recorded('os-prepare')).toMatchObject({ state: 'failed', attempt: 1 });
    await run();
    expect(runs).toEqual([1, 1]);
  });

  it('that was given up after it failed is at the attempt that failed, and its retry is a run of its own', async () => {
    said = [FAILED];
    await expect(run()).rejects.toThrow('failed');
    await failNode(deps, { ...ref(), hostname: 'node-1', step: 'os-prepare', message: 'failed' });
    expect(await recorded('os-prepare')).toMatchObject({ state: 'failed', attempt: 1 });
    await run();
    expect(runs).toEqual([1, 2]);
  });

  it('is known to have failed where nobody was left to say how', async () => {
    said = [];
    await run();
    await failNode(deps, { ...ref(), hostname: 'node-1', message: 'terminated' });
    expect(await recorded('os-prepare')).toMatchObject({ state: 'done' });
    expect(await db.store.nodes.get(clusterId, 'node-1')).toMatchObject({
      ...{ status: 'FAILED', lastError: { step: 'os-prepare', message: 'terminated' } },
    });
  });
});
