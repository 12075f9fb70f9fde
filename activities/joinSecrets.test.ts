import { afterAll, beforeAll, expect, it } from 'vitest';

import type { NodeStepRecord } from '../core/records.js';
import { OperationName } from '../core/words.js';
import { applyTo, node } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { drawFirstTokens, drawJoinSecrets, madeBefore } from './joinSecrets.js';
import type { LoadedCluster } from './load.js';
import { secretsOwner, type StepRef } from './refs.js';

const WORKERS = 60;
const HASH = `sha256:${'ca'.repeat(32)}`;

let db: TestDatabase;
let deps: Pick<ActivityDeps, 'store' | 'vault'> & ActivityDeps;
let ref: StepRef;
let loaded: LoadedCluster;

beforeAll(async () => {
  db = await openTestDatabase();
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
  } as unknown as ActivityDeps;
  const nodes = Array.from({ length: WORKERS + 1 }, (_, index) => node(index + 1));
  const { record } = await applyTo(db.store)('tokens', nodes);
  ref = {
    ...{ project: record.project, name: record.name, clusterId: record.id, generation: 1 },
    ...{ tasksetId: 'aaaaaaa', operation: OperationName.ClusterCreation, operationIndex: 0 },
    ...{ hostname: 'node-1', step: 'kubeadm-init' },
  };
  await db.store.nodes.upsert(record.id, 'node-1', { spec: node(1) });
  const applied = { ...record.applied, caCertHash: HASH };
  loaded = { record: { ...record, applied }, nodes: [] };
}, 60_000);
afterAll(() => db.close());

/** The cluster as a worker's join finds it, its first control plane initialised like this. */
async function after(init: Partial<NodeStepRecord>): Promise<LoadedCluster> {
  const leader = await db.store.nodes.get(ref.clusterId, 'node-1');
  if (leader === undefined) throw new Error('no leader');
  const step: NodeStepRecord = {
    ...{ state: 'done', tasksetId: ref.tasksetId, operation: ref.operation, attempt: 1 },
    startedAt: Date.now(),
    ...init,
  };
  return { ...loaded, nodes: [{ ...leader, steps: { 'kubeadm-init': step } }] };
}

const join = (hostname: string): StepRef => ({ ...ref, hostname, step: 'kubeadm-join' });

it('gives each of the first workers a token of its own, and the same one when it is asked again', async () => {
  const tokens = await drawFirstTokens(deps, ref, loaded);
  expect(tokens.map(({ hostname }) => hostname)).toEqual(
    Array.from({ length: 50 }, (_, index) => `node-${String(index + 2)}`),
  );
  for (const { token } of tokens) expect(token).toMatch(/^[0-9a-f]{6}\.[0-9a-f]{16}$/);
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(50);
  expect(await drawFirstTokens(deps, ref, loaded)).toEqual(tokens);
  const { token } = tokens[0] ?? {};
  const now = { ref: join('node-2'), loaded: await after({}), attempt: 1 };
  expect(await madeBefore(deps, now)).toEqual({ token, caCertHash: HASH });
});

it.each<[string, string, Partial<NodeStepRecord>, number]>([
  ['a worker beyond the first', 'node-60', {}, 1],
  ['a second attempt', 'node-2', {}, 2],
  ['a later taskset', 'node-2', { tasksetId: 'bbbbbbb' }, 1],
  ['an initialisation that was found done', 'node-2', { state: 'skipped' }, 1],
  ['one that is old', 'node-2', { startedAt: Date.now() - 21 * 60_000 }, 1],
])('has none for %s', async (_, hostname, init, attempt) => {
  const of = { ref: join(hostname), loaded: await after(init), attempt };
  expect(await madeBefore(deps, of)).toBeUndefined();
});

/** The cluster as it is when a worker comes later, its own token made like this. */
async function withToken(made: Partial<NodeStepRecord>): Promise<LoadedCluster> {
  await db.store.nodes.upsert(ref.clusterId, 'node-65', { spec: node(65) });
  const worker = (await db.store.nodes.get(ref.clusterId, 'node-65'))!;
  const { nodes } = await after({ tasksetId: 'ccccccc' });
  const step: NodeStepRecord = {
    ...{ state: 'done', tasksetId: ref.tasksetId, operation: ref.operation, attempt: 1 },
    startedAt: Date.now(),
    ...made,
  };
  return { ...loaded, nodes: [...nodes, { ...worker, steps: { 'join-token': step } }] };
}

it.each([1, 2])('joins a later worker with what attempt %i has made', async (attempt) => {
  const made = await drawJoinSecrets(deps, { ...join('node-65'), step: 'join-token' }, attempt);
  const of = { ref: join('node-65'), loaded: await withToken({ attempt }), attempt };
  expect(await madeBefore(deps, of)).toEqual({ token: made.token, caCertHash: HASH });
});

it.each<[string, Partial<NodeStepRecord>]>([
  ['that another attempt has made', { attempt: 2 }],
  ['of an earlier taskset', { tasksetId: 'bbbbbbb' }],
  ['whose making failed', { state: 'failed' }],
  ['that is old', { startedAt: Date.now() - 21 * 60_000 }],
])('does not join a later worker with a token %s', async (_, made) => {
  const of = { ref: join('node-65'), loaded: await withToken(made), attempt: 1 };
  expect(await madeBefore(deps, of)).toBeUndefined();
});

it.each<[string, () => Promise<LoadedCluster>, string]>([
  ['its own step', () => withToken({}), 'node-65'],
  ['the initialisation', () => after({}), 'node-2'],
])('joins with nothing of %s once tokens were revoked', async (_, made, hostname) => {
  const { record, nodes } = await made();
  const [leader, ...others] = nodes;
  const checkIn: NodeStepRecord = {
    ...{ state: 'done', tasksetId: ref.tasksetId, operation: ref.operation, attempt: 1 },
    startedAt: Date.now(),
  };
  const revoked = { ...leader!, steps: { ...leader!.steps, 'check-in': checkIn } };
  const of = { ref: join(hostname), loaded: { record, nodes: [revoked, ...others] }, attempt: 1 };
  expect(await madeBefore(deps, of)).toBeUndefined();
});

it('has none for a control plane, which needs the certificates as well', async () => {
  const controlPlane: StepRef = { ...join('node-70'), step: 'kubeadm-join-control-plane' };
  const of = { ref: controlPlane, loaded: await after({}), attempt: 1 };
  expect(await madeBefore(deps, of)).toBeUndefined();
  expect((await drawJoinSecrets(deps, controlPlane, 1)).certificateKey).toMatch(/^[0-9a-f]{64}$/);
});

it('keeps them sealed', async () => {
  const [first] = await drawFirstTokens(deps, ref, loaded);
  const sealed = await db.store.secrets.get(secretsOwner(ref), 'join:aaaaaaa:node-2:1');
  expect(sealed).toBeDefined();
  expect(sealed).not.toContain(first?.token);
});
