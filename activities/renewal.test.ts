import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { OperationName, TasksetStatus } from '../core/words.js';
import type { StepName } from '../core/steps.js';
import type { StepRun } from '../machine/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { runNodeStep } from './nodeStep.js';

let db: TestDatabase;
let deps: ActivityDeps;
let clusterId: string;
let runs: StepRun[];
let results: Record<string, string>;

beforeAll(async () => {
  db = await openTestDatabase();
  deps = stepDeps(db.store, (_, run) => {
    runs.push(run);
    return results;
  });
  const owner = `${project}/renewed`;
  const login = deps.vault.seal(owner, JSON.stringify({ privateKey: 'key' }));
  clusterId = (
    await db.store.clusters.apply({
      ...{ project, name: 'renewed', desired: desired('renewed', [node(1)]), secretsHash: 'h' },
    })
  ).record.id;
  await db.store.secrets.put(owner, 'ssh:node-1', login);
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1), claimed: true, joined: true });
  await db.store.tasksets.begin({
    ...{ id: 'tttttt1', clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    operations: [],
    plan: [
      {
        ...{ name: OperationName.CertificateRenewal, reason: 'asked for', leave: [] },
        nodes: [{ hostname: 'node-1', path: 'renew-certificates' }],
        ...{ clusterSteps: [], asked: { id: 'auto-certificates-2026-11-26' } },
      },
    ],
  });
}, 120_000);
afterAll(() => db.close());

beforeEach(() => {
  runs = [];
  results = {};
});

const step = (name: StepName) =>
  new MockActivityEnvironment().run(() =>
    runNodeStep(deps, {
      ...{ project, name: 'renewed', clusterId, generation: 1, tasksetId: 'tttttt1' },
      ...{ operation: OperationName.CertificateRenewal, operationIndex: 0 },
      ...{ hostname: 'node-1', step: name },
    }),
  );

it('tells its steps which renewal they belong to: a retry in another taskset goes on with it', async () => {
  const names = ['certificates-renew', 'static-pods-restart', 'certificates-verify'] as const;
  for (const name of names) await step(name);
  expect(runs.map(({ params }) => params['RENEWAL'])).toEqual(
    names.map(() => 'auto-certificates-2026-11-26'),
  );
});

it('ends with the node as it is, and with when its new certificates end', async () => {
  await db.store.nodes.setStatus(clusterId, 'node-1', 'FAILED');
  results = { certificatesExpireAt: '2027-11-26T06:00:00Z', certificatesFirst: 'apiserver' };
  await step('node-ready');
  expect(await db.store.nodes.get(clusterId, 'node-1')).toMatchObject({
    status: 'READY',
    certificates: { expiresAt: '2027-11-26T06:00:00.000Z', first: 'apiserver' },
  });
});
