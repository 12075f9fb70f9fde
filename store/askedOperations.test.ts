import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { AskedKind, MAX_ASKED, openAsked } from '../core/askedOperations.js';
import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
let apply: ReturnType<typeof applyTo>;
beforeAll(async () => {
  db = await openTestDatabase();
  apply = applyTo(db.store);
});
afterAll(() => db.close());

const OK = { conditionStatus: 2, reason: 'applied', sequence: 1, generation: 1 } as const;

async function ready(name: string): Promise<string> {
  const { id } = (await apply(name)).record;
  await db.store.clusters.setCommonStatus(id, OK);
  await db.store.clusters.setObserved(id, { generation: 1, retries: 0, deleting: false });
  return id;
}
const ask = (name: string, id: string, kind: AskedKind = AskedKind.Snapshot) =>
  db.store.clusters.ask(project, name, { id, kind });
const now = async (id: string) => (await db.store.clusters.getById(id)) ?? expect.unreachable();

test('asking queues the operation, counts one more retry and submits the cluster, in one write', async () => {
  const id = await ready('asked');
  const result = await ask('asked', 'a');
  expect(result).toMatchObject({
    fresh: true,
    asked: { id: 'a', kind: 'snapshot' },
    record: { retries: 1, generation: 1, commonStatus: { conditionStatus: 1 } },
  });
  expect((await now(id)).asked).toMatchObject([{ id: 'a', retries: 1 }]);
  const waiting = await db.store.clusters.unobserved(1000);
  expect(waiting.map((record) => record.id)).toContain(id);
});

test('asking for it again changes nothing, before and after it was done', async () => {
  const id = await ready('asked-twice');
  await Promise.all([ask('asked-twice', 'a'), ask('asked-twice', 'a'), ask('asked-twice', 'a')]);
  expect(await now(id)).toMatchObject({ retries: 1, asked: [{ id: 'a' }] });
  await db.store.clusters.takeAsked(id, { ids: ['a'], tasksetId: 't1' });
  await db.store.clusters.endAsked(id, { tasksetId: 't1', done: ['a'], well: true });
  expect(await ask('asked-twice', 'a')).toMatchObject({ fresh: false });
  expect(await now(id)).toMatchObject({ retries: 1, asked: [] });
});

test('an apply and many askers at the same moment all get what they wanted', async () => {
  const id = await ready('at-once');
  const kinds = [AskedKind.Snapshot, AskedKind.Restore, AskedKind.RenewCertificates];
  const results = await Promise.all([
    apply('at-once', [node(1), node(2), node(3)]),
    ...kinds.map((kind) => ask('at-once', kind, kind)),
    apply('at-once', [node(1), node(2), node(3), node(4)]),
  ]);
  expect(results.every((result) => result !== undefined)).toBe(true);
  const record = await now(id);
  expect(record.generation).toBe(3);
  expect(record.retries).toBe(3);
  expect(
    openAsked(record.asked)
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual(kinds.toSorted());
});

test('a retry asks again for what failed, and the same apply does too', async () => {
  const id = await ready('again');
  for (const again of [
    () => db.store.clusters.requestRetry(project, 'again'),
    () => apply('again'),
  ]) {
    await ask('again', `id-${again.toString().length}`);
    const [open] = openAsked((await now(id)).asked);
    await db.store.clusters.takeAsked(id, { ids: [open?.id ?? ''], tasksetId: 't1' });
    await db.store.clusters.endAsked(id, { tasksetId: 't1', done: [], well: false });
    expect(openAsked((await now(id)).asked)).toEqual([]);
    const { retries } = await now(id);
    await db.store.clusters.setCommonStatus(id, { ...OK, conditionStatus: 3, retries });
    await again();
    expect(openAsked((await now(id)).asked)).toMatchObject([{ id: open?.id, retries: 0 }]);
    expect((await now(id)).retries).toBe(retries + 1);
  }
});

test('a restore that failed before it began is asked for again by a retry, not by the same apply', async () => {
  const id = await ready('refused');
  const { clusters } = db.store;
  const refused = async () => {
    await clusters.takeAsked(id, { ids: ['r'], tasksetId: 't1' });
    await clusters.endAsked(id, { tasksetId: 't1', done: [], well: false });
    const { retries } = await now(id);
    await clusters.setCommonStatus(id, { ...OK, conditionStatus: 3, retries });
  };
  const open = async () => openAsked((await now(id)).asked).map((entry) => entry.id);
  await ask('refused', 'r', AskedKind.Restore);
  await refused();
  const { retries } = await now(id);
  await apply('refused');
  expect(await open()).toEqual([]);
  expect((await now(id)).retries).toBe(retries + 1);
  await clusters.requestRetry(project, 'refused');
  expect(await open()).toEqual(['r']);
  await refused();
  // There is no way back but through it.
  await clusters.setApplied(id, { restoring: { id: 'r', args: {} } });
  await apply('refused');
  expect(await open()).toEqual(['r']);
});

test('what cannot be asked for is a conflict; a cluster that is not there is undefined', async () => {
  expect(await ask('nobody', 'a')).toBeUndefined();
  await ready('full');
  for (let n = 0; n < MAX_ASKED; n += 1) {
    await db.store.clusters.ask(project, 'full', {
      ...{ id: String(n), kind: AskedKind.RenewCertificates, args: { n: String(n) } },
    });
  }
  await expect(ask('full', 'one-more')).rejects.toMatchObject({ code: 'Conflict' });
  await ready('going');
  await db.store.clusters.markDeleting(project, 'going');
  await expect(ask('going', 'a')).rejects.toMatchObject({ code: 'Conflict' });
});
