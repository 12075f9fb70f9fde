import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openAsked } from '../core/askedOperations.js';
import { SNAPSHOT_ANNOTATIONS } from '../core/snapshotPolicy.js';
import type { UpkeepKey, UpkeepPart, UpkeepTurn } from '../core/upkeep.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import { upkeepPage, type UpkeepDeps } from './upkeep.js';

let db: TestDatabase;
let deps: UpkeepDeps;
let told: string[];

beforeAll(async () => {
  db = await openTestDatabase();
  const untouched = (): never => {
    throw new Error('no machine is asked');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: { with: untouched, close: () => Promise.resolve() },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    workflows: { notify: (_project, name) => Promise.resolve(told.push(name)) },
    renewDays: 30,
  };
}, 120_000);
afterAll(() => db.close());

beforeEach(() => {
  told = [];
});

/** A created cluster of a control plane and a worker, and nothing to do. */
async function cluster(
  name: string,
  set: { blueprint?: string; annotations?: Record<string, string> } = {},
): Promise<string> {
  const nodes = [node(1, { roles: ['ControlPlane'] }), node(2)];
  const wanted = desired(name, nodes);
  wanted.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: '0', ...set.annotations };
  if (set.blueprint !== undefined) wanted.spec.blueprint = { name: set.blueprint };
  const { id } = (
    await db.store.clusters.apply({ project, name, desired: wanted, secretsHash: 'h' })
  ).record;
  for (const spec of nodes) {
    await db.store.nodes.upsert(id, spec.hostname, { spec, claimed: true, joined: true });
  }
  await db.store.clusters.setApplied(id, { created: true, spec: wanted.spec });
  await settle(id);
  return id;
}

async function settle(id: string): Promise<void> {
  const { generation, retries } = (await db.store.clusters.getById(id))!;
  const of = { generation, retries, deleting: false };
  await db.store.clusters.setCommonStatus(id, {
    conditionStatus: 2,
    reason: 'x',
    sequence: 1,
    ...of,
  });
  await db.store.clusters.setObserved(id, of);
}

/** All pages of a part; how many clusters were asked in them. */
async function pass(part: UpkeepPart, at: string): Promise<{ asked: number; pages: number }> {
  const sum = { asked: 0, pages: 0 };
  let after: UpkeepKey | undefined;
  do {
    const turn: UpkeepTurn = await new MockActivityEnvironment().run(() =>
      upkeepPage(deps, { part, at, ...(after === undefined ? {} : { after }) }),
    );
    sum.asked += turn.asked;
    sum.pages += 1;
    after = turn.next;
  } while (after !== undefined);
  return sum;
}

const asked = async (id: string) => openAsked((await db.store.clusters.getById(id))?.asked);

describe('certificates', () => {
  const ends = (id: string, hostname: string, expiresAt: string) =>
    db.store.certificates.record(id, hostname, {
      ...{ expiresAt, first: 'apiserver', readAt: '2030-01-01T00:00:00.000Z' },
    });

  it('that end within the days that are set are renewed: asked for once a day, told once', async () => {
    const [soon, later] = [await cluster('ends-soon'), await cluster('ends-later')];
    await ends(soon, 'node-1', '2030-03-03T00:00:00.000Z');
    await ends(later, 'node-1', '2030-03-05T00:00:00.000Z');
    const at = '2030-02-02T10:00:00.000Z';
    expect(await pass('renewals', at)).toMatchObject({ asked: 1 });
    expect(told).toEqual(['ends-soon']);
    expect(await asked(soon)).toMatchObject([
      { id: 'auto-certificates-2030-02-02', kind: 'renew-certificates' },
    ]);
    expect(await pass('renewals', at)).toMatchObject({ asked: 0 });
    expect(await pass('renewals', '2030-02-02T11:00:00.000Z')).toMatchObject({ asked: 0 });
    expect(told).toEqual(['ends-soon']);
    deps.renewDays = 32;
    expect(await pass('renewals', at)).toMatchObject({ asked: 1 });
    deps.renewDays = 30;
    expect(told).toEqual(['ends-soon', 'ends-later']);
  });

  it('whose renewal failed are renewed on the next day, not every hour', async () => {
    const id = await cluster('fails');
    await ends(id, 'node-1', '2028-01-10T00:00:00.000Z');
    const fail = async (day: string): Promise<void> => {
      const ids = [`auto-certificates-${day}`];
      await db.store.clusters.takeAsked(id, { ids, tasksetId: `t${day}` });
      await db.store.clusters.endAsked(id, { tasksetId: `t${day}`, done: [], well: false });
    };
    await pass('renewals', '2028-01-01T10:00:00.000Z');
    await fail('2028-01-01');
    expect((await pass('renewals', '2028-01-01T20:00:00.000Z')).asked).toBe(0);
    expect((await pass('renewals', '2028-01-02T00:10:00.000Z')).asked).toBe(1);
    await ends(id, 'node-1', '2099-01-01T00:00:00.000Z');
  });

  it('that nobody has read for long are renewed by what was read last', async () => {
    const id = await cluster('unread');
    await db.store.certificates.record(id, 'node-1', {
      ...{ expiresAt: '2027-03-01T00:00:00.000Z', first: 'etcd/peer' },
      readAt: '2026-06-01T00:00:00.000Z',
    });
    await pass('renewals', '2027-02-01T10:00:00.000Z');
    expect(told).toEqual(['unread']);
    await ends(id, 'node-1', '2099-01-01T00:00:00.000Z');
  });
});

describe('many clusters due at once', () => {
  it('come by pages, each once', async () => {
    for (let n = 0; n < 52; n += 1) {
      await cluster(`many-${String(n)}`, {
        annotations: { [SNAPSHOT_ANNOTATIONS.everyHours]: '6' },
      });
    }
    const turns = await pass('snapshots', '2030-05-01T10:20:00.000Z');
    expect(turns).toMatchObject({ asked: 52, pages: 2 });
    expect(new Set(told).size).toBe(52);
    expect(await pass('snapshots', '2030-05-01T10:40:00.000Z')).toMatchObject({ asked: 0 });
    expect(told).toHaveLength(52);
  }, 60_000);

  it('are asked for all the same where their workflows cannot be told: the reconciler does that', async () => {
    const id = await cluster('untold', { annotations: { [SNAPSHOT_ANNOTATIONS.everyHours]: '1' } });
    const { workflows } = deps;
    deps.workflows = { notify: () => Promise.reject(new Error('Temporal is away')) };
    await pass('snapshots', '2030-06-01T10:00:00.000Z');
    deps.workflows = workflows;
    expect(await asked(id)).toMatchObject([{ id: 'auto-2030-06-01-10', kind: 'snapshot' }]);
    const waiting = await db.store.clusters.unobserved(1_000);
    expect(waiting.map((record) => record.id)).toContain(id);
  });
});

describe('drift', () => {
  it('is looked at where the blueprint wants it, as often as it wants it', async () => {
    const put = (name: string, driftEveryHours: number) =>
      db.store.blueprints.put({
        record: { project, name, driftEveryHours },
        version: { base: 'minimal', addons: [] },
      });
    await put('hourly', 1);
    await put('rarely', 6);
    await put('on-demand', 0);
    const [hourly, other, rarely] = [
      await cluster('drift-a', { blueprint: 'hourly' }),
      await cluster('drift-b', { blueprint: 'hourly' }),
      await cluster('drift-c', { blueprint: 'rarely' }),
    ];
    await cluster('drift-d', { blueprint: 'on-demand' });
    expect((await pass('drift', '2030-07-01T10:03:00.000Z')).asked).toBe(3);
    expect(told.toSorted()).toEqual(['drift-a', 'drift-b', 'drift-c']);
    expect(await pass('drift', '2030-07-01T10:03:00.000Z')).toMatchObject({ asked: 0 });
    for (const id of [hourly, rarely]) await settle(id);
    told = [];
    // The next pass may begin some minutes sooner in its hour; who is still at work is left alone.
    await pass('drift', '2030-07-01T10:58:00.000Z');
    expect(told).toEqual(['drift-a']);
    expect((await db.store.clusters.getById(hourly))?.syncs).toBe(2);
    expect((await db.store.clusters.getById(other))?.syncs).toBe(1);
    await settle(other);
    told = [];
    await pass('drift', '2030-07-01T16:01:00.000Z');
    expect(told.toSorted()).toEqual(['drift-b', 'drift-c']);
  });
});
