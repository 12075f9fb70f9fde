import { afterAll, beforeAll, expect, test } from 'vitest';

import { desired, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
}, 120_000);
afterAll(() => db.close());

const hour = (text: string) => new Date(`2030-01-01T${text}:00.000Z`);

async function blueprint(name: string, driftEveryHours?: number): Promise<void> {
  await db.store.blueprints.put({
    record: { project, name, ...(driftEveryHours === undefined ? {} : { driftEveryHours }) },
    version: { base: 'minimal', addons: [] },
  });
}

/** A cluster that has the blueprint and is as it was to be. */
async function cluster(name: string, of: string): Promise<string> {
  const wanted = desired(name);
  wanted.spec.blueprint = { name: of };
  const { id } = (
    await db.store.clusters.apply({ project, name, desired: wanted, secretsHash: 'h' })
  ).record;
  await db.store.clusters.setApplied(id, { created: true });
  await ended(id, 2);
  return id;
}

async function ended(id: string, conditionStatus: 2 | 3): Promise<void> {
  const { generation, retries } = (await db.store.clusters.getById(id))!;
  const of = { generation, retries, deleting: false };
  await db.store.clusters.setCommonStatus(id, { conditionStatus, reason: 'x', sequence: 9, ...of });
  await db.store.clusters.setObserved(id, of);
}

test('blueprints that want looks are found, and no others', async () => {
  await blueprint('asks', 2);
  await blueprint('asks-later', 24);
  await blueprint('does-not');
  await blueprint('never', 0);
  const found = await db.store.drift.blueprints({ limit: 10 });
  expect(found).toEqual([
    { id: `${project}/asks`, project, name: 'asks', everyHours: 2 },
    { id: `${project}/asks-later`, project, name: 'asks-later', everyHours: 24 },
  ]);
  expect(await db.store.drift.blueprints({ limit: 10, after: found[0]!.id })).toEqual([found[1]]);
  // Left out by the next POST: not any more.
  await blueprint('asks-later');
  expect((await db.store.drift.blueprints({ limit: 10 })).map(({ name }) => name)).toEqual([
    'asks',
  ]);
});

test('a cluster is asked once in its time, as a sync', async () => {
  const id = await cluster('looked-at', 'asks');
  const due = async (before: Date) =>
    (await db.store.drift.due({ project, name: 'asks', before, limit: 10 })).map((of) => of.id);
  expect(await due(hour('10:00'))).toEqual([id]);
  const ask = (before: Date, now: Date) => db.store.drift.ask(id, { before, now, reason: 'due' });
  const both = await Promise.all([1, 2].map(() => ask(hour('08:00'), hour('10:00'))));
  expect(both.toSorted()).toEqual([false, true]);
  const record = (await db.store.clusters.getById(id))!;
  expect(record).toMatchObject({ retries: 1, syncs: 1, commonStatus: { conditionStatus: 1 } });
  expect(await due(hour('10:00')), 'at work').toEqual([]);
  await ended(id, 2);
  expect(await due(hour('09:59'))).toEqual([]);
  expect(await due(hour('10:00'))).toEqual([id]);
});

test('one that failed, is not there yet, or is going is left alone', async () => {
  await blueprint('strict', 1);
  const failed = await cluster('drift-failed', 'strict');
  await ended(failed, 3);
  const fresh = await cluster('drift-fresh', 'strict');
  await db.store.clusters.setApplied(fresh, { created: false });
  await cluster('drift-going', 'strict');
  await db.store.clusters.markDeleting(project, 'drift-going');
  const of = { before: hour('10:00'), now: hour('12:00'), reason: 'due' };
  expect(await db.store.drift.due({ project, name: 'strict', ...of, limit: 10 })).toEqual([]);
  expect(await db.store.drift.ask(failed, of)).toBe(false);
  expect((await db.store.clusters.getById(failed))?.retries).toBe(0);
});
