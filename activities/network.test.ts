import { createHash } from 'node:crypto';

import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import type { AppliedCluster } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { OperationName } from '../core/words.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { fixtureManifests } from '../test/fixtures/stepContext.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { runClusterStep } from './clusterStep.js';
import type { ActivityDeps } from './deps.js';
import { runNodeStep, type StepOutcome } from './nodeStep.js';
import type { OperationRef } from './refs.js';

const UPSTREAM = fixtureManifests['calico-vxlan'] ?? '';
const { BlueprintSync, ClusterCreation, ClusterRestore, ClusterUpgrade } = OperationName;

let db: TestDatabase;
let deps: ActivityDeps;
let manifest: string;
/** Scripts that machines were given, with what of the network was recorded by then. */
let ran: { step: StepName; recorded: AppliedCluster['network'] }[];
let fails: boolean;
let at: OperationRef;
let count = 0;

const network = async (): Promise<AppliedCluster['network']> =>
  (await db.store.clusters.getById(at.clusterId))?.applied.network;

beforeAll(async () => {
  db = await openTestDatabase();
  const plain = stepDeps(db.store, async (_on, { step, params }) => {
    ran.push({ step: step as StepName, recorded: await network() });
    if (fails) throw new Error('the machine burns');
    // As cni.sh does.
    const sum = createHash('sha256').update(params['MANIFEST'] ?? '');
    return step === 'cni' ? { manifestSum: sum.digest('hex') } : {};
  });
  const missing = new AppError(ErrorCode.ArtifactMissing, 'the bundle holds no manifest');
  deps = {
    ...plain,
    source: {
      ...plain.source,
      manifest: () => (manifest === '' ? Promise.reject(missing) : Promise.resolve(manifest)),
    },
  };
}, 120_000);
afterAll(() => db.close());

beforeEach(async () => {
  [manifest, fails, ran] = [UPSTREAM, false, []];
  count += 1;
  const name = `network-${String(count)}`;
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, [node(1)]), secretsHash: 'h' },
  });
  const login = deps.vault.seal(`${project}/${name}`, JSON.stringify({ privateKey: 'key' }));
  await db.store.secrets.put(`${project}/${name}`, 'ssh:node-1', login);
  const joined = { spec: node(1), claimed: true, joined: true };
  await db.store.nodes.upsert(record.id, 'node-1', joined);
  at = {
    ...{ project, name, clusterId: record.id, generation: 1, tasksetId: '' },
    ...{ operation: BlueprintSync, operationIndex: 0 },
  };
});

/** In a taskset of its own; gives what became of each. */
async function steps(
  operation: OperationName,
  names: StepName[],
  more: Partial<OperationRef> = {},
): Promise<string[]> {
  count += 1;
  const tasksetId = `t${String(count).padStart(6, '0')}`;
  const status = 'PROVISION_TASKSET_STATUS_INPROGRESS' as const;
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId: at.clusterId, generation: 1, status, comments: '' },
    ...{ operations: [], plan: [] },
  });
  const outcomes: string[] = [];
  for (const step of names) {
    const ref = { ...at, tasksetId, operation, step, ...more };
    const { outcome } = await new MockActivityEnvironment().run((): Promise<StepOutcome> =>
      operation === ClusterCreation || operation === ClusterRestore
        ? runNodeStep(deps, { ...ref, hostname: 'node-1' })
        : runClusterStep(deps, ref),
    );
    outcomes.push(outcome);
  }
  return outcomes;
}

const ROLL_OUT: StepName[] = ['cni', 'cni-rollout'];

test('is applied by a sync only where its manifest has changed, and is then waited for', async () => {
  expect(await steps(ClusterCreation, ['cni'])).toEqual(['done']);
  const first = await network();
  expect(first).toEqual({
    ...{ version: '3.28.5', begun: false, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(await steps(BlueprintSync, ROLL_OUT)).toEqual(['skipped', 'skipped']);
  expect(ran.map(({ step }) => step)).toEqual(['cni']);
  manifest = UPSTREAM.replaceAll('v0.0.0', 'v0.0.1');
  expect(await steps(BlueprintSync, ROLL_OUT)).toEqual(['done', 'done']);
  expect(ran.slice(1)).toEqual([
    { step: 'cni', recorded: { version: '3.28.5', begun: true } },
    { step: 'cni-rollout', recorded: expect.objectContaining({ begun: true }) },
  ]);
  const second = await network();
  expect(second).toMatchObject({ version: '3.28.5', begun: false });
  expect(second?.sha256).not.toBe(first?.sha256);
  expect(await steps(BlueprintSync, ROLL_OUT)).toEqual(['skipped', 'skipped']);
});

test('that has begun to be rolled out is applied and waited for until that has ended well', async () => {
  await steps(ClusterCreation, ['cni']);
  fails = true;
  await expect(steps(ClusterUpgrade, ['cni'], { cniVersion: '3.31.2' })).rejects.toThrow('burns');
  expect(await network()).toEqual({ version: '3.31.2', begun: true });
  fails = false;
  expect(await steps(BlueprintSync, ['cni'], { cniVersion: '3.31.2' })).toEqual(['done']);
  expect(await network()).toMatchObject({ begun: true });
  expect(await steps(ClusterUpgrade, ROLL_OUT, { cniVersion: '3.31.2' })).toEqual(['done', 'done']);
  expect(await network()).toMatchObject({ version: '3.31.2', begun: false });
});

test('that the artifacts do not hold is not begun: the way back stays open', async () => {
  await steps(ClusterCreation, ['cni']);
  const before = await network();
  manifest = '';
  const upgrade = steps(ClusterUpgrade, ['cni'], { cniVersion: '3.31.2' });
  await expect(upgrade).rejects.toThrow('holds no manifest');
  expect(await network()).toEqual(before);
});

test('of a restored cluster is applied whatever is recorded of it', async () => {
  await steps(ClusterCreation, ['cni']);
  expect(await steps(ClusterRestore, ['cni'])).toEqual(['done']);
  expect(await network()).toMatchObject({ version: '3.28.5', begun: false });
});
