import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test('a project is found by name and by id, with what was left out filled in', async () => {
  const made = await db.store.projects.create({ name: 'one' });
  expect(made).toMatchObject({ name: 'one', description: '', default: false });
  expect(made.id).toMatch(/^[a-z][a-z0-9]{6}$/);
  expect(await db.store.projects.get('one')).toEqual(made);
  expect(await db.store.projects.getById(made.id)).toEqual(made);
  expect(await db.store.projects.get('none')).toBeUndefined();
  expect(await db.store.projects.getById('none')).toBeUndefined();
});

test('of many that make one project at once one succeeds and the others get Conflict', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => db.store.projects.create({ name: 'raced', default: true })),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'Conflict' });
  }
});

test('projects are listed by name, by pages, or one by its name', async () => {
  for (const name of ['list-b', 'list-a']) await db.store.projects.create({ name });
  const { items, count } = await db.store.projects.list({ limit: 100, offset: 0 });
  const names = items.map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  expect(names).toHaveLength(count);
  const second = await db.store.projects.list({ limit: 1, offset: 1 });
  expect(second).toEqual({ items: [items[1]], count, more: count > 2 });
  const named = await db.store.projects.list({ limit: 10, offset: 0, name: { exact: 'list-b' } });
  expect([named.count, named.items[0]?.name]).toEqual([1, 'list-b']);
});

test('a key is found by its hash, also after it was revoked', async () => {
  const made = await db.store.apiKeys.create({
    ...{ id: 'k1', name: 'ci', hash: 'hash-1', role: 'operator', project: 'one' },
  });
  expect(await db.store.apiKeys.findByHash('hash-1')).toEqual(made);
  expect(await db.store.apiKeys.revoke('k1')).toBe(true);
  expect(await db.store.apiKeys.revoke('k1')).toBe(false);
  expect(await db.store.apiKeys.revoke('nobody')).toBe(false);
  expect((await db.store.apiKeys.findByHash('hash-1'))?.revokedAt).toMatch(/Z$/);
  expect(await db.store.apiKeys.findByHash('unknown')).toBeUndefined();
});

test('the use of a key is noted', async () => {
  await db.store.apiKeys.create({ id: 'k2', name: 'used', hash: 'hash-2', role: 'viewer' });
  await db.store.apiKeys.findByHash('hash-2');
  const used = (await db.store.apiKeys.list()).find(({ id }) => id === 'k2')?.lastUsedAt;
  expect(used).toMatch(/Z$/);
  await db.store.apiKeys.findByHash('hash-2');
  const again = (await db.store.apiKeys.list()).find(({ id }) => id === 'k2')?.lastUsedAt;
  expect(again).toBe(used);
});

test('a second key with the same hash is a Conflict', async () => {
  const key = { name: 'x', hash: 'hash-3', role: 'admin' } as const;
  await db.store.apiKeys.create({ ...key, id: 'k3' });
  await expect(db.store.apiKeys.create({ ...key, id: 'k4' })).rejects.toMatchObject({
    code: 'Conflict',
  });
});

test('keys are listed by name', async () => {
  for (const name of ['zz', 'aa']) {
    await db.store.apiKeys.create({ id: `id-${name}`, name, hash: `h-${name}`, role: 'viewer' });
  }
  const names = (await db.store.apiKeys.list()).map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
});

test('the audit is read newest first, of all or of one project', async () => {
  const record = (n: number, project?: string) => ({
    ...{ at: `2026-01-01T00:00:0${String(n)}.000Z`, actor: 'admin', action: 'apply' },
    ...{ resource: `cluster/${String(n)}`, summary: 'applied' },
    ...(project === undefined ? {} : { project }),
  });
  const records = [record(1, 'one'), record(2), record(3, 'one')];
  for (const each of records) await db.store.audit.append(each);
  expect(await db.store.audit.list({ limit: 10, offset: 0 })).toMatchObject({
    ...{ items: records.toReversed(), count: 3, more: false },
  });
  expect(await db.store.audit.list({ limit: 1, offset: 1, project: 'one' })).toMatchObject({
    ...{ items: [records[0]], count: 2, more: false },
  });
});
