import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import type { StepName } from '../core/steps.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import type { StepRun } from '../machine/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { runNodeStep } from './nodeStep.js';

const HASH = `sha256:${'ca'.repeat(32)}`;

let db: TestDatabase;
let deps: ActivityDeps;
let clusterId: string;
let runs: { on: string; run: StepRun }[];

beforeAll(async () => {
  db = await openTestDatabase();
  deps = stepDeps(db.store, (on, run) => {
    runs.push({ on, run });
    return { caCertHash: HASH };
  });
  const name = 'joined';
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, [node(1), node(2)]), secretsHash: 'h' },
  });
  clusterId = record.id;
  for (const hostname of ['node-1', 'node-2']) {
    const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
    await db.store.secrets.put(`${project}/${name}`, `ssh:${hostname}`, login);
  }
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), claimed: true, joined: true });
  await db.store.nodes.upsert(clusterId, 'node-2', { spec: node(2), claimed: true });
}, 120_000);
afterAll(() => db.close());

let tasksets = 0;
let tasksetId: string;
beforeEach(async () => {
  runs = [];
  tasksets += 1;
  tasksetId = `tttttt${String(tasksets)}`;
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [] },
  });
});

const step = (name: StepName) =>
  new MockActivityEnvironment().run(() =>
    runNodeStep(deps, {
      ...{ project, name: 'joined', clusterId, generation: 1, tasksetId },
      ...{ operation: OperationName.NodeAddition, operationIndex: 0 },
      ...{ hostname: 'node-2', step: name },
    }),
  );
const places = () => runs.map(({ on, run }) => `${run.step} on ${on}`);
const tokenIn = ({ params }: StepRun): string | undefined =>
  /[0-9a-f]{6}\.[0-9a-f]{16}/.exec(JSON.stringify(params))?.[0];

it('is made on a control plane, and the worker joins with it and with what that says of its CA', async () => {
  await step('join-token');
  await step('kubeadm-join');
  expect(places()).toEqual(['join-token on node-1', 'kubeadm-join on node-2']);
  const [made, joined] = runs.map(({ run }) => run);
  expect(made!.params).toMatchObject({ SUBJECT: 'node-2' });
  expect(tokenIn(made!)).toMatch(/\./);
  expect(tokenIn(joined!)).toBe(tokenIn(made!));
  expect(joined!.params['CA_CERT_HASH']).toBe(HASH);
  const { applied } = (await db.store.clusters.getById(clusterId))!;
  expect(applied.caCertHash).toBe(HASH);
});

it('is made anew just before the join where tokens were revoked meanwhile', async () => {
  await step('join-token');
  await db.store.nodes.setStep(clusterId, 'node-1', 'check-in', {
    ...{ state: 'done', tasksetId, operation: OperationName.NodeAddition, operationIndex: 0 },
    ...{ attempt: 1, startedAt: Date.now() },
  });
  await step('kubeadm-join');
  expect(places()).toEqual([
    'join-token on node-1',
    'join-credentials on node-1',
    'kubeadm-join on node-2',
  ]);
  const { applied } = (await db.store.clusters.getById(clusterId))!;
  expect(applied.caCertHash).toBe(HASH);
});

it('is made by the join where no step has made it: a taskset from before there was one goes on', async () => {
  await step('kubeadm-join');
  expect(places()).toEqual(['join-credentials on node-1', 'kubeadm-join on node-2']);
});
