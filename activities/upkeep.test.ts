import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openAsked } from '../core/askedOperations.js';
import { SNAPSHOT_ANNOTATIONS } from '../core/snapshotPolicy.js';
import type { UpkeepKey, UpkeepPart, UpkeepTurn } from '../core/upkeep.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { MachineSession, StepRun, StepRunResult } from '../machine/types.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import { upkeepPage, type UpkeepDeps } from './upkeep.js';

let db: TestDatabase;
let deps: UpkeepDeps;
let told: string[];
let runs: StepRun[];
/** What machines answer. */
let machine: (hostname: string) => Partial<StepRunResult>;
let warnings: string[];

beforeAll(async () => {
  db = await openTestDatabase();
  const untouched = (): never => {
    throw new Error('nothing is sent');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: {
      with: (target, work) => work(session(target.node)),
      close: () => Promise.resolve(),
    },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: {
      info: () => undefined,
      warn: (_fields, message) => warnings.push(message),
      error: () => undefined,
    },
    workflows: { notify: (_project, name) => Promise.resolve(told.push(name)) },
    renewDays: 30,
  };
}, 120_000);
afterAll(() => db.close());

beforeEach(() => {
  told = [];
  runs = [];
  warnings = [];
  machine = () => ({ results: {} });
});

function session(hostname: string): MachineSession {
  return {
    node: hostname,
    hostKey: { key: 'k', fingerprint: 'f' },
    runStep: async (run) => {
      runs.push(run);
      return {
        ...{ outcome: 'done', results: {}, lastLines: [], startedAt: 1, endedAt: 2 },
        ...{ bootId: 'b', reattached: false, ...machine(hostname) },
      };
    },
    exec: () => Promise.reject(new Error('nothing else is run')),
    cancelRun: () => Promise.resolve(),
    ensureArtifacts: () => Promise.resolve({ sent: 0, bytes: 0 }),
  };
}

/** A created cluster with these control planes and one worker, and nothing to do. */
async function cluster(
  name: string,
  set: { controlPlanes?: number; blueprint?: string; annotations?: Record<string, string> } = {},
): Promise<string> {
  const count = set.controlPlanes ?? 1;
  const nodes = Array.from({ length: count + 1 }, (_, index) =>
    node(index + 1, index < count ? { roles: ['ControlPlane'] } : {}),
  );
  const wanted = desired(name, nodes);
  wanted.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: '0', ...set.annotations };
  if (set.blueprint !== undefined) wanted.spec.blueprint = { name: set.blueprint };
  const { id } = (
    await db.store.clusters.apply({ project, name, desired: wanted, secretsHash: 'h' })
  ).record;
  const owner = `${project}/${name}`;
  for (const spec of nodes) {
    const login = deps.vault.seal(owner, JSON.stringify({ privateKey: 'key' }));
    await db.store.secrets.put(owner, `ssh:${spec.hostname}`, login);
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

/** All pages of a part; how many clusters were asked and read in them. */
async function pass(
  part: UpkeepPart,
  at: string,
): Promise<{ asked: number; read: number; pages: number }> {
  const sum = { asked: 0, read: 0, pages: 0 };
  let after: UpkeepKey | undefined;
  do {
    const turn: UpkeepTurn = await new MockActivityEnvironment().run(() =>
      upkeepPage(deps, { part, at, ...(after === undefined ? {} : { after }) }),
    );
    sum.asked += turn.asked;
    sum.read += turn.read;
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

  it('are read on every control plane, beside whatever runs there, and once a day', async () => {
    const id = await cluster('read', { controlPlanes: 3 });
    machine = (hostname) => ({
      results: {
        certificatesExpireAt: `2031-01-0${hostname.slice(-1)}T00:00:00Z`,
        certificatesFirst: 'etcd/peer',
      },
    });
    const at = '2027-05-01T10:00:00.000Z';
    expect((await pass('expiries', at)).read).toBeGreaterThan(0);
    expect((await db.store.nodes.get(id, 'node-2'))?.certificates).toMatchObject({
      ...{ expiresAt: '2031-01-02T00:00:00.000Z', first: 'etcd/peer' },
    });
    const own = runs.filter(({ owner }) => owner.clusterId === id);
    expect(own.map(({ step, requireOwner }) => [step, requireOwner])).toEqual(
      Array.from({ length: 3 }, () => ['certificates-read', false]),
    );
    expect(new Set(own.map(({ runId }) => runId)).size).toBe(3);
    runs = [];
    expect((await pass('expiries', '2027-05-01T11:00:00.000Z')).read).toBe(0);
    expect(runs).toEqual([]);
    expect((await pass('expiries', '2027-05-02T10:01:00.000Z')).read).toBeGreaterThan(0);
  });

  it('of a machine that does not answer keep what is known, and nobody else waits', async () => {
    const id = await cluster('silent', { controlPlanes: 2 });
    await db.store.certificates.record(id, 'node-1', {
      ...{ expiresAt: '2030-09-01T00:00:00.000Z', first: 'x', readAt: '2020-01-01T00:00:00.000Z' },
    });
    machine = (hostname) => {
      if (hostname === 'node-1') throw new AppError(ErrorCode.MachineUnreachable, 'no route');
      return { results: { certificatesExpireAt: '2032-01-01T00:00:00Z' } };
    };
    await pass('expiries', '2027-06-01T10:00:00.000Z');
    expect((await db.store.nodes.get(id, 'node-1'))?.certificates?.first).toBe('x');
    expect((await db.store.nodes.get(id, 'node-2'))?.certificates?.expiresAt).toContain('2032');
    expect(warnings).toContain('the certificates could not be read');
    expect((await pass('expiries', '2027-06-01T10:00:00.000Z')).read).toBe(0);
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
