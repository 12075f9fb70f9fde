import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { ConsoleFirst, ConsoleList, ConsoleListChange } from '../../../core/consoleModel.js';
import { createStore } from '../../../store/store.js';
import { eventReader } from '../../../test/api/eventReader.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { newApp } from '../../app.js';
import { hashApiKey } from '../../auth/apiKey.js';

let api: TestApi;
const open: AbortController[] = [];
beforeAll(async () => {
  api = await openTestApi({ eventPollMs: 20, firstViewMs: 15_000 });
});
afterAll(() => api.close());
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

interface Watch {
  key?: string;
  headers?: Record<string, string>;
  stopping?: AbortSignal;
  app?: TestApi['app'];
}

/** Reads one change of the list after the other; undefined: the stream has ended. */
async function watch(query: string, { key, headers = {}, stopping, app = api.app }: Watch = {}) {
  const abort = new AbortController();
  open.push(abort);
  const answer = await app.request(
    `/console/clusters/events?${query}`,
    { headers: { 'x-api-key': key ?? api.adminKey, ...headers }, signal: abort.signal },
    stopping === undefined ? {} : { stopping },
  );
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const read = eventReader(answer);
  const next = async (): Promise<{ id: string; change: ConsoleListChange } | undefined> => {
    const event = await read();
    if (event === undefined) return undefined;
    expect(event.event).toBe('list');
    return { id: event.id, change: JSON.parse(event.data) as ConsoleListChange };
  };
  return { next, cut: () => abort.abort() };
}

async function projectOf(...names: string[]): Promise<string> {
  const project = await api.project();
  for (const name of names) expect((await api.apply(project, name)).status).toBe(200);
  return project;
}

const idOf = async (project: string, name: string): Promise<string> =>
  (await api.deps.store.clusters.get(project, name))!.id;

/** One of its machines becomes a node that is ready. */
async function work(project: string, name: string): Promise<void> {
  const { clusters, nodes } = api.deps.store;
  const { id, desired } = (await clusters.get(project, name))!;
  const [spec] = desired.spec.config.nodes;
  await nodes.upsert(id, spec!.hostname, { spec: spec!, status: 'READY' });
}

const listOf = async (query: string): Promise<ConsoleList> =>
  (await (await api.call('GET', `/console/clusters?${query}`)).json()) as ConsoleList;
const namesOf = (change: ConsoleListChange | undefined): string[] | undefined =>
  change?.items.map(({ name }) => name);

describe('who follows the list', () => {
  test('gets all of it at first, and then the rows that change', async () => {
    const project = await projectOf('one', 'two');
    const { next } = await watch(`project=${project}`);
    const { change: first } = (await next())!;
    const { items, ...about } = await listOf(`project=${project}`);
    expect(first).toEqual({
      ...{ now: first.now, order: items.map(({ id }) => id), items, about },
    });
    expect(Math.abs(Date.parse(first.now) - Date.now())).toBeLessThan(5000);
    await work(project, 'two');
    const { change } = (await next())!;
    expect([namesOf(change), change.about, change.order]).toEqual([
      ...[['two'], undefined, first.order],
    ]);
    expect(change.items[0]!.nodes).toEqual({ ready: 1, total: 3 });
  });

  test('loses nothing when the stream was cut: made, changed and gone meanwhile; what stays is not sent again', async () => {
    const project = await projectOf('changes', 'goes', 'stays');
    const before = await watch(`project=${project}`);
    const seen = (await before.next())!;
    before.cut();
    await work(project, 'changes');
    await api.deps.store.clusters.remove(await idOf(project, 'goes'));
    await api.apply(project, 'new');
    const { next } = await watch(`project=${project}`, { headers: { 'last-event-id': seen.id } });
    const now = await listOf(`project=${project}`);
    const rows = new Map(seen.change.items.map((row) => [row.id, row]));
    const sent: string[] = [];
    let told: Partial<ConsoleList> = {};
    // In one event, or in two where a look was under way.
    while (JSON.stringify(told) !== JSON.stringify(now)) {
      const { change } = (await next())!;
      for (const row of change.items) {
        rows.set(row.id, row);
        sent.push(row.name);
      }
      const { projects, ...about } = { ...seen.change.about!, ...change.about };
      told = { projects, items: change.order.map((id) => rows.get(id)!), ...about };
    }
    expect(sent.toSorted()).toEqual(['changes', 'new']);
  });

  test('that comes back with Last-Event-ID gets nothing until there is something new', async () => {
    const project = await projectOf('one', 'two');
    const before = await watch(`project=${project}`);
    const { id } = (await before.next())!;
    before.cut();
    const { next } = await watch(`project=${project}`, { headers: { 'last-event-id': id } });
    const told = next();
    const other = await watch(`project=${project}`);
    await other.next();
    await work(project, 'one');
    expect(namesOf((await told)?.change)).toEqual(['one']);
  });

  test('goes on from the list that came with the page', async () => {
    const project = await projectOf('one', 'two');
    const key = await api.key('viewer', project);
    const host = { host: 'plinth.test:8080' };
    const ours = { ...host, origin: 'http://plinth.test:8080', 'x-plinth-console': '1' };
    const answer = await api.call('POST', '/console/session', {
      ...{
        key: null,
        body: { apiKey: key },
        headers: { ...ours, 'sec-fetch-site': 'same-origin' },
      },
    });
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    const page = await api.call('GET', '/', { key: null, headers: { ...host, cookie } });
    const json = /id="first">([^<]*)</.exec(await page.text())![1]!;
    const { id, value } = (JSON.parse(json) as ConsoleFirst).list!;
    expect(value.items.map(({ name }) => name)).toEqual(['one', 'two']);
    await work(project, 'one');
    const { next } = await watch('', { key, headers: { 'last-event-id': id } });
    const { change } = (await next())!;
    expect([namesOf(change), change.about]).toEqual([['one'], undefined]);
  });

  test('sees what another API process has done', async () => {
    const project = await projectOf('one');
    const { uri, database } = api.database;
    const store = await createStore({ uri, database });
    try {
      const other = newApp({ ...api.deps, store });
      const { next } = await watch(`project=${project}`);
      await next();
      const deleted = await other.request(`${clustersOf(project)}/one`, {
        ...{ method: 'DELETE', headers: { 'x-api-key': api.adminKey } },
      });
      expect(deleted.status).toBe(200);
      expect((await next())!.change.items).toMatchObject([{ name: 'one', state: 'deleting' }]);
    } finally {
      await store.close();
    }
  });

  test('is told of nothing but what the filters hold for, and of what they hold for no more', async () => {
    const project = await projectOf('one', 'other', 'two');
    const { next } = await watch(`project=${project}&state=working&name=o*`);
    const { change: first } = (await next())!;
    expect(namesOf(first)).toEqual(['one', 'other']);
    await work(project, 'two');
    await api.deps.store.clusters.markDeleting(project, 'one');
    const { change } = (await next())!;
    expect([change.items, change.order, change.about?.count]).toEqual([
      ...[[], [await idOf(project, 'other')], 1],
    ]);
  });

  test('with a key for one project is told of no other', async () => {
    const [project, foreign] = [await projectOf('one'), await projectOf('hidden')];
    const key = await api.key('viewer', project);
    const { next } = await watch('', { key });
    const { change } = (await next())!;
    expect([namesOf(change), change.about!.projects]).toEqual([['one'], [project]]);
    const none = await watch(`project=${foreign}`, { key });
    expect((await none.next())!.change).toMatchObject({ order: [], items: [] });
  });

  test('is let go when its key is revoked, before it is told anything more', async () => {
    const project = await projectOf('one');
    const key = await api.key('viewer', project);
    const { next } = await watch('', { key });
    await next();
    const { apiKeys } = api.deps.store;
    await apiKeys.revoke((await apiKeys.findByHash(hashApiKey(key)))!.id);
    await work(project, 'one');
    expect(await next()).toBeUndefined();
  });

  test('is let go when the server stops', async () => {
    const project = await projectOf('one');
    const stopping = new AbortController();
    const { next } = await watch(`project=${project}`, { stopping: stopping.signal });
    await next();
    stopping.abort();
    expect(await next()).toBeUndefined();
  });

  test('shares each look at the store with all who see the same page, whatever the order of its filters', async () => {
    const project = await projectOf('one');
    let reads = 0;
    const { store } = api.deps;
    const list: typeof store.clusters.list = (...of) => {
      reads += 1;
      return store.clusters.list(...of);
    };
    const counted = { ...store, clusters: { ...store.clusters, list } };
    const app = newApp({ ...api.deps, store: counted });
    const queries = [`project=${project}&name=o*`, `name=o*&project=${project}`];
    const watchers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => watch(queries[index % 2]!, { app })),
    );
    const seen = await Promise.all(watchers.map(({ next }) => next()));
    expect(new Set(seen.map((one) => one!.id)).size).toBe(1);
    expect(reads).toBeLessThan(20);
  });

  test.each(['state=odd', 'label=a%20b%20c', 'limit=1000', 'unknown=1'])(
    'is refused with %s',
    async (query) => {
      expect((await api.call('GET', `/console/clusters/events?${query}`)).status).toBe(400);
    },
  );
});
