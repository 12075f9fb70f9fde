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

/** Both the records and what lists show of them. */
async function listed(store: Store, page: object = {}): Promise<string[]> {
  const views = await store.clusters.listed(project, { limit: 1000, ...page });
  const { items, count, more } = await store.clusters.list(project, { limit: 1000, ...page });
  const names = items.map(({ name }) => name);
  expect([views.items.map(({ name }) => name), views.count, views.more]).toEqual([
    ...[names, count, more],
  ]);
  return names;
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
        const { clusters } = index % 2 === 0 ? other : one;
        for (const read of ['list', 'listed'] as const) {
          const { items } = await clusters[read](project, { limit: 1000 });
          expect(items.map((item) => item.name)).toContain(name);
        }
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

describe('what lists show of a cluster', () => {
  const label = (text: string): object =>
    (JSON.parse(text) as { metadata: { labels: object } }).metadata.labels;
  const views = async (store: Store) => (await store.clusters.listed(project, { limit: 10 })).items;

  async function relabel(store: Store, name: string, env: string): Promise<void> {
    const document = desired(name);
    document.metadata = { ...document.metadata, project, labels: { env } };
    await store.clusters.apply({ project, name, desired: document, secretsHash: '' });
  }

  test('is kept while it is the same, and read again once any process has changed it', async () => {
    for (const name of ['a', 'b']) await relabel(one, name, 'test');
    const before = await views(other);
    expect((await views(other)).map((view, at) => view === before[at])).toEqual([true, true]);
    await relabel(one, 'b', 'prod');
    const after = await views(other);
    expect(after.map(({ desired }) => label(desired))).toEqual([{ env: 'test' }, { env: 'prod' }]);
    expect(after[0]).toBe(before[0]);
    expect(after.map(({ generation }) => generation)).toEqual([1, 2]);
    await one.clusters.markDeleting(project, 'a');
    expect((await views(other)).map(({ deleting }) => deleting)).toEqual([true, false]);
  });

  test('is of the new life of a name that was removed and made again', async () => {
    await relabel(one, 'a', 'test');
    const [first] = await views(other);
    await one.clusters.remove(first!.id);
    expect(await views(other)).toEqual([]);
    await relabel(other, 'a', 'prod');
    const [second] = await views(one);
    expect([label(second!.desired), second!.id === first!.id]).toEqual([{ env: 'prod' }, false]);
  });

  test('is never from before a change that was answered, however many change and read at once', async () => {
    await relabel(one, 'a', '0');
    await relabel(one, 'b', '0');
    let answered = 0;
    const changes = (async () => {
      for (let n = 1; n <= 25; n++) {
        await relabel(n % 2 === 0 ? one : other, 'b', String(n));
        answered = n;
      }
    })();
    const reads = [one, other, one, other].map(async (store) => {
      while (answered < 25) {
        const least = answered;
        const [, b] = await views(store);
        const { env } = label(b!.desired) as { env: string };
        expect(Number(env)).toBeGreaterThanOrEqual(least);
      }
    });
    await Promise.all([changes, ...reads]);
  });

  test('of a change that nobody noted is there within a minute', async () => {
    await relabel(one, 'a', 'test');
    await views(one);
    const clusters = db.client.db(db.database).collection('clusters');
    const { desired: text } = (await clusters.findOne({ project }))! as unknown as {
      desired: string;
    };
    const changed = { desired: text.replace('test', 'prod'), generation: 2 };
    await clusters.updateOne({ project }, { $set: changed });
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 61_000);
    await expect.poll(async () => label((await views(one))[0]!.desired)).toEqual({ env: 'prod' });
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
