import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { desired } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { noteClusterName } from './clusterNames.js';
import { createStore } from './store.js';
import type { Store } from './types.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Two processes on one database. */
let db: TestDatabase;
let one: Store;
let other: Store;
let project: string;
let count = 0;
beforeAll(async () => {
  db = await openTestDatabase();
  one = db.store;
  other = await createStore({ uri: db.uri, database: db.database });
});
afterAll(async () => {
  await other.close();
  await db.close();
});
beforeEach(() => {
  count += 1;
  project = `project-${String(count)}`;
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function create(store: Store, name: string): Promise<string> {
  const document = desired(name);
  document.metadata.project = project;
  const input = { project, name, desired: document, secretsHash: '' };
  return (await store.clusters.apply(input)).record.id;
}

async function listed(store: Store, page: object = {}): Promise<string[]> {
  const { items } = await store.clusters.list(project, { limit: 1000, ...page });
  return items.map(({ name }) => name);
}

/** As a process leaves it that dies before it notes the name. */
async function createUnnoted(name: string): Promise<void> {
  const clusters = db.client.db(db.database).collection<{ _id: string }>('clusters');
  const found = await clusters.findOne({ project });
  await clusters.insertOne({ ...found, _id: `${project}-${name}`, ...{ name } });
}

describe('a list of clusters', () => {
  test('has what any process created before, and not what any removed', async () => {
    const b = await create(one, 'b');
    expect(await listed(other)).toEqual(['b']);
    await create(other, 'a');
    expect(await listed(one)).toEqual(['a', 'b']);
    await create(other, 'c');
    await one.clusters.remove(b);
    expect([await listed(one), await listed(other)]).toEqual([
      ['a', 'c'],
      ['a', 'c'],
    ]);
    await create(one, 'b');
    expect(await listed(other)).toEqual(['a', 'b', 'c']);
  });

  test('is right after any sequence of changes by two processes', async () => {
    const ids = new Map<string, string>();
    for (let step = 0; step < 60; step++) {
      const name = `n${String((step * 7) % 11)}`;
      const [writer, reader] = step % 3 === 0 ? [one, other] : [other, one];
      const id = ids.get(name);
      if (id === undefined) ids.set(name, await create(writer, name));
      else {
        await writer.clusters.remove(id);
        ids.delete(name);
      }
      expect(await listed(reader)).toEqual([...ids.keys()].sort());
    }
  });

  test('shows each cluster as it stands, and not as it stood when its name was read', async () => {
    const id = await create(one, 'a');
    await listed(other);
    await one.clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
    const { items } = await other.clusters.list(project, { limit: 10 });
    expect(items[0]?.provisionStatus).toBe('CLUSTER_PROVISION_COMPLETE');
  });

  test('has every change that was made while it was asked for by many', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `n${String(index).padStart(2, '0')}`);
    await Promise.all(
      names.map(async (name, index) => {
        await create(index % 2 === 0 ? one : other, name);
        // Who was told that it is made finds it, wherever they ask.
        expect(await listed(index % 2 === 0 ? other : one)).toContain(name);
      }),
    );
    expect(await listed(one)).toEqual(names);
  });

  test('pages go on where a cluster went that was the last of a page', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await create(one, name);
    expect(await listed(other, { limit: 2 })).toEqual(['a', 'b']);
    const found = await one.clusters.get(project, 'b');
    await one.clusters.remove(found!.id);
    const page = await other.clusters.list(project, { limit: 1, after: 'b' });
    expect([page.items[0]?.name, page.count, page.more]).toEqual(['c', 3, true]);
    expect(await listed(other, { name: { prefix: 'd' } })).toEqual(['d']);
    expect(await listed(other, { limit: 2, offset: 1 })).toEqual(['c', 'd']);
    expect(await listed(other, { offset: 9 })).toEqual([]);
  });
});

describe('after a process died before it noted a name', () => {
  test('a cluster that is gone is in no list, and no page is short of it', async () => {
    for (const name of ['a', 'b', 'c']) await create(one, name);
    await listed(one);
    await db.client.db(db.database).collection('clusters').deleteOne({ project, name: 'b' });
    const page = await one.clusters.list(project, { limit: 2 });
    expect([page.items.map(({ name }) => name), page.count]).toEqual([['a', 'c'], 2]);
  });

  test('a cluster that was made is there once all names are read again: within a minute', async () => {
    await create(one, 'a');
    await listed(one);
    await createUnnoted('lost');
    expect(await listed(one)).toEqual(['a']);
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 61_000);
    await expect.poll(() => listed(one)).toEqual(['a', 'lost']);
  });

  test('and at once where nobody asked for long', async () => {
    await create(one, 'a');
    await listed(one);
    await createUnnoted('lost');
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 601_000);
    expect(await listed(one)).toEqual(['a', 'lost']);
  });

  test('and where more names changed than are kept', async () => {
    await create(one, 'a');
    await listed(one);
    await createUnnoted('lost');
    const database = db.client.db(db.database);
    for (let index = 0; index < 201; index++) await noteClusterName(database, project, 'a');
    const notes = database.collection<{ _id: string; changed: string[] }>('clusterNames');
    expect((await notes.findOne({ _id: project }))?.changed).toHaveLength(200);
    expect(await listed(one)).toEqual(['a', 'lost']);
  });
});
