import { once } from 'node:events';

import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import type { NodeStepRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { runNodeStep } from './nodeStep.js';

let db: TestDatabase;
let deps: ActivityDeps;
let clusterId: string;

/** The script that is at work. */
let begun: (signal: AbortSignal) => void;
let scriptEnds: Promise<void>;
let stoppedRuns: string[];

beforeAll(async () => {
  db = await openTestDatabase();
  const scripted = stepDeps(db.store, async (_on, _run, given) => {
    const signal = given!;
    begun(signal);
    await Promise.race([scriptEnds, once(signal, 'abort')]);
    if (signal.aborted) throw new AppError(ErrorCode.Cancelled, 'the call was cancelled');
    return {};
  });
  const { machines, source } = scripted;
  const cancelRun = (runId: string): Promise<void> => {
    stoppedRuns.push(runId);
    return Promise.resolve();
  };
  deps = {
    ...scripted,
    // Nothing has to be sent before a script starts.
    source: { ...source, catalog: { source: 'online', artifacts: [] } },
    machines: {
      ...machines,
      with: (target, work) => machines.with(target, (session) => work({ ...session, cancelRun })),
    },
  };
  const name = 'stopped';
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, [node(1)]), secretsHash: 'h' },
  });
  clusterId = record.id;
  const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
  await db.store.secrets.put(`${project}/${name}`, 'ssh:node-1', login);
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), claimed: true });
}, 120_000);
afterAll(() => db.close());

interface Stopped {
  outcome: PromiseSettledResult<unknown>;
  record: NodeStepRecord | undefined;
}

/** A step whose activity is cancelled while its script is at work, and whose script then ends if it may. */
async function cancelled(
  step: StepName,
  tasksetId: string,
  details: Parameters<typeof ActivityCancellationDetails.fromProto>[0],
): Promise<Stopped> {
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [] },
  });
  stoppedRuns = [];
  let end = (): void => undefined;
  scriptEnds = new Promise((resolve) => (end = resolve));
  const live = new Promise<AbortSignal>((resolve) => (begun = resolve));
  const environment = new MockActivityEnvironment();
  const ended = environment.run(() =>
    runNodeStep(deps, {
      ...{ project, name: 'stopped', clusterId, generation: 1, tasksetId, step },
      ...{ operation: OperationName.ClusterCreation, operationIndex: 0, hostname: 'node-1' },
    }),
  );
  const settled = Promise.allSettled([ended]);
  await Promise.race([live, ended]);
  environment.cancel('CANCELLED', ActivityCancellationDetails.fromProto(details));
  await environment.context.cancelled.catch(() => undefined);
  end();
  const [outcome] = await settled;
  return { outcome, record: (await db.store.nodes.get(clusterId, 'node-1'))?.steps[step] };
}

describe('a step that finishes', () => {
  it('is let come to its end by a cancel, and is done', async () => {
    const { outcome, record } = await cancelled('packages', 'aaaaaaa', { isCancelled: true });
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { outcome: 'done' } });
    expect(record).toMatchObject({ state: 'done', tasksetId: 'aaaaaaa' });
    expect(record?.failure).toBeUndefined();
    expect(stoppedRuns).toEqual([]);
  });

  it('is let go by a worker that shuts down, and goes on in another one', async () => {
    const { outcome, record } = await cancelled('packages', 'bbbbbbb', { isWorkerShutdown: true });
    expect(outcome).toMatchObject({ status: 'rejected' });
    expect(record).toMatchObject({ state: 'running', tasksetId: 'bbbbbbb' });
    expect(stoppedRuns).toEqual([]);
  });
});

describe('a step that need not finish', () => {
  it('is stopped on its machine by a cancel', async () => {
    const { outcome, record } = await cancelled('images', 'ccccccc', { isCancelled: true });
    expect(outcome).toMatchObject({ status: 'rejected' });
    expect(record).toMatchObject({
      ...{ state: 'failed', tasksetId: 'ccccccc' },
      failure: { node: 'node-1', step: 'images', message: 'stopped by request' },
    });
    expect(stoppedRuns).toEqual(['ccccccc-images-1']);
  });

  it('is not stopped on its machine where only its worker shuts down', async () => {
    const { record } = await cancelled('images', 'ddddddd', { isWorkerShutdown: true });
    expect(record).toMatchObject({ state: 'running', tasksetId: 'ddddddd' });
    expect(stoppedRuns).toEqual([]);
  });
});
