import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { ClusterRecord } from '../core/records.js';
import { desired, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { endOperation, endTaskset } from './operations.js';
import type { Work } from './refs.js';
import { advanceRollout, beginRollout } from './rollouts.js';
import { takeWork } from './tasksets.js';

let db: TestDatabase;
let deps: ActivityDeps;
let count = 0;
let name = '';
beforeAll(async () => {
  db = await openTestDatabase();
  const untouched = (): never => {
    throw new Error('no machine is to be touched');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: { with: untouched, close: untouched },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}, 60_000);
afterAll(() => db.close());
beforeEach(() => {
  count += 1;
  name = `web-${String(count)}`;
});

const put = (id: string, rollout: object = {}) =>
  db.store.blueprints.put({
    record: { project, name, rollout },
    version: {
      base: 'minimal',
      addons: [{ name: 'a', type: 'Manifest', content: { id, size: 1, chunks: 1 } }],
    },
  });

/** A provisioned cluster that follows the blueprint, and has this version of it. */
async function cluster(of: string, version = 'v1', word?: string): Promise<ClusterRecord> {
  const spec = desired(`${name}-${of}`);
  spec.spec.blueprint = { name, ...(word === undefined ? {} : { version: word }) };
  const { record } = await db.store.clusters.apply({
    ...{ project, name: `${name}-${of}`, desired: spec, secretsHash: 'h' },
  });
  await db.store.clusters.setApplied(record.id, { created: true, blueprint: { name, version } });
  return record;
}

/** It has acted on what it was asked, well or not. */
async function act({ id, generation }: ClusterRecord, version?: string): Promise<void> {
  const record = (await db.store.clusters.getById(id))!;
  if (version !== undefined)
    await db.store.clusters.setApplied(id, { blueprint: { name, version } });
  const work = { generation, retries: record.retries, deleting: false };
  await db.store.clusters.setCommonStatus(id, {
    ...{ conditionStatus: version === undefined ? 3 : 2, reason: 'm1: it broke', sequence: 1 },
    ...work,
  });
  await db.store.clusters.setObserved(id, work);
}

const turn = () => advanceRollout(deps, { project, name });
const begin = () => beginRollout(deps, { project, name });
const rollout = async () => (await db.store.blueprints.rollout(project, name))!;

describe('a rollout', () => {
  it('asks some clusters, and the next ones as those have acted', async () => {
    await put('one');
    const [a, b] = [await cluster('a'), await cluster('b', 'v1', 'latest')];
    await put('two', { concurrency: '1' });
    expect(await begin()).toEqual({ version: 'v2' });
    expect(await turn()).toMatchObject({ asked: [a.name], ended: false });
    const asked = await db.store.clusters.getById(a.id);
    expect(asked).toMatchObject({ retries: 1, commonStatus: { conditionStatus: 1 } });
    expect(asked?.commonStatus.reason).toContain('version v2 of blueprint');
    expect(await turn()).toMatchObject({ asked: [] });
    await act(a, 'v2');
    expect(await turn()).toMatchObject({ asked: [b.name] });
    await act(b, 'v2');
    expect(await turn()).toMatchObject({ asked: [], ended: true });
    expect(await rollout()).toMatchObject({
      ...{ state: 'Complete', clusters: [{ state: 'Updated' }, { state: 'Updated' }] },
    });
    expect(
      (await db.store.blueprints.pendingRollouts(1000)).some((each) => each.name === name),
    ).toBe(false);
  });

  it('stops when more have failed than may, and says which', async () => {
    await put('one');
    const [a, b] = [await cluster('a'), await cluster('b')];
    await put('two', { concurrency: '1' });
    await begin();
    await turn();
    await act(a);
    expect(await turn()).toMatchObject({ asked: [], ended: true });
    expect(await rollout()).toMatchObject({
      state: 'Stopped',
      clusters: [{ state: 'Failed', reason: 'm1: it broke' }, { state: 'Waiting' }],
    });
    expect((await db.store.clusters.getById(b.id))?.retries).toBe(0);
    // The next version is for all of them again.
    await put('three', { concurrency: '2' });
    await begin();
    expect((await turn()).asked).toEqual([a.name, b.name]);
  });

  it('leaves alone who has it, who is not provisioned yet, and who has gone over to another', async () => {
    await put('one');
    await cluster('a', 'v2');
    const b = await cluster('b');
    await db.store.clusters.setApplied(b.id, { created: false });
    const c = await cluster('c');
    await put('two', { concurrency: '100%' });
    await begin();
    const other = desired(c.name);
    await db.store.clusters.apply({ project, name: c.name, desired: other, secretsHash: 'h' });
    expect(await turn()).toMatchObject({ asked: [], ended: true });
    const { state, clusters } = await rollout();
    expect(state).toBe('Complete');
    expect(clusters.map((each) => each.state)).toEqual(['Updated', 'Skipped', 'Skipped']);
    expect(clusters[1]?.reason).toContain('not provisioned');
  });

  it.each([
    ['is asked for when its provision has ended', {}, 'v2'],
    ['is not where the spec has pinned another', { version: 'v1' }, undefined],
  ])('leaves a cluster out whose provision is under way: the version %s', async (_, word, next) => {
    await put('one');
    const spec = desired(`${name}-a`);
    spec.spec.blueprint = { name, ...word };
    const { record } = await db.store.clusters.apply({
      ...{ project, name: spec.metadata.name, desired: spec, secretsHash: 'h' },
    });
    const of = { project, name: record.name };
    const take = (tasksetId: string) =>
      takeWork(deps, { ...of, tasksetId: `${name}-${tasksetId}` });
    const work = (await take('t1')) as Work;
    expect(work.operations.map((each) => each.name)).toEqual(['ClusterCreation', 'BlueprintSync']);

    await put('two');
    await begin();
    expect(await turn()).toMatchObject({ asked: [], ended: true });

    const outcomes = work.operations.map((_each, index) => ({
      ...{ index, failed: false, errorSummary: '' },
    }));
    for (const outcome of outcomes) {
      const { name: operation, blueprint } = work.operations[outcome.index]!;
      await endOperation(
        deps,
        {
          ...of,
          ...work,
          operation,
          operationIndex: outcome.index,
          ...(blueprint && { blueprint }),
        },
        outcome,
      );
    }
    await endTaskset(deps, of, work, outcomes);
    // The end is told again by a worker that did not hear of it: it is asked once.
    await endTaskset(deps, of, work, outcomes);
    expect((await db.store.clusters.getById(record.id))?.retries).toBe(next ? 1 : 0);
    const then = (await take('t2')) as Work | undefined;
    const sync = then?.operations.find((each) => each.name === 'BlueprintSync');
    expect(sync?.blueprint?.version).toBe(next);
  });

  it('leaves a cluster alone whose provision was cancelled when it could have asked it', async () => {
    await put('one');
    const spec = desired(`${name}-a`);
    spec.spec.blueprint = { name };
    const { record } = await db.store.clusters.apply({
      ...{ project, name: spec.metadata.name, desired: spec, secretsHash: 'h' },
    });
    const of = { project, name: record.name };
    const work = (await takeWork(deps, { ...of, tasksetId: `${name}-t1` })) as Work;
    await put('two');
    await db.store.clusters.setApplied(record.id, { created: true });
    await endTaskset(deps, of, work, [
      { index: 0, failed: false, errorSummary: '' },
      { index: 1, failed: true, cancelled: true, errorSummary: 'cancelled by request' },
    ]);
    expect((await db.store.clusters.getById(record.id))?.retries).toBe(0);
  });

  it('of a blueprint that is gone is none', async () => {
    expect(await begin()).toBeUndefined();
    expect(await turn()).toMatchObject({ asked: [], ended: true });
  });
});
