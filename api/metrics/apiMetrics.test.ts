import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';
import { newApp } from '../app.js';

let api: TestApi;
let viewer: string;
beforeAll(async () => {
  api = await openTestApi();
  viewer = await api.key('viewer');
});
afterAll(() => api.close());

async function scrape(app = api.app): Promise<string> {
  const answer = await app.request('/metrics', { headers: { authorization: `Bearer ${viewer}` } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return answer.text();
}

/** The series of a metric, by its labels. */
async function series(metric: string, app = api.app): Promise<Map<string, number>> {
  const lines = (await scrape(app)).split('\n').filter((line) => line.startsWith(metric));
  return new Map(
    lines.map((line) => {
      const [, labels = '', value] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return [labels, Number(value)];
    }),
  );
}

test('requests are counted by the pattern of their route, whatever is asked for', async () => {
  const name = await api.project();
  const before = await series('plinth_http_request_duration_seconds_count');
  await api.call('GET', `${clustersOf(name)}/first`);
  await api.call('GET', `${clustersOf(name)}/second/`);
  await api.call('GET', '/healthz', { key: null });
  for (const path of ['/a', '/b', '/apis/nothing']) await api.call('GET', path);
  await api.call('PROPFIND', '/healthz');
  await api.call('DELETE', '/healthz');
  const after = await series('plinth_http_request_duration_seconds_count');
  const counted = [...after].flatMap(([labels, count]) => {
    const more = count - (before.get(labels) ?? 0);
    return more === 0 || labels.includes('/metrics') ? [] : [[labels, more]];
  });
  const route = '/apis/infra.k8smgmt.io/v3/projects/:project/clusters/:name';
  expect(Object.fromEntries(counted)).toEqual({
    [`method="GET",route="${route}",status="404"`]: 2,
    'method="GET",route="/healthz",status="200"': 1,
    'method="GET",route="none",status="404"': 3,
    'method="other",route="none",status="405"': 1,
    'method="DELETE",route="none",status="405"': 1,
  });
});

test('clusters and nodes are shown by state, states of none as 0, names never', async () => {
  const name = await api.project();
  const app = newApp(api.deps);
  expect((await api.apply(name, 'counted')).status).toBe(200);
  const clusters = await series('plinth_clusters', app);
  expect(clusters.get('status="CLUSTER_PROVISION_NOT_STARTED",applied="submitted"')).toBe(1);
  expect(clusters.get('status="CLUSTER_PROVISION_COMPLETE",applied="failed"')).toBe(0);
  expect((await series('plinth_nodes', app)).get('status="NOT_READY"')).toBe(0);
  expect(await series('plinth_certificates_unread', app)).toEqual(new Map([['', 0]]));
  expect(await series('plinth_database_up', app)).toEqual(new Map([['', 1]]));
  expect(await scrape(app)).not.toContain('counted"');
});

test('several scrapes within seconds count once', async () => {
  let counted = 0;
  const counts = {
    clusters: async () => {
      counted += 1;
      return api.deps.store.counts.clusters();
    },
    nodes: () => api.deps.store.counts.nodes(),
    unreadCertificates: (since: Date) => api.deps.store.counts.unreadCertificates(since),
  };
  const app = newApp({ ...api.deps, store: { ...api.deps.store, ...keysOnly(), counts } });
  await Promise.all([scrape(app), scrape(app)]);
  await scrape(app);
  expect(counted).toBe(1);
});

test('a database that cannot be counted in is said, and its old numbers are not shown', async () => {
  const counts = {
    clusters: () => Promise.reject(new Error('gone')),
    nodes: () => api.deps.store.counts.nodes(),
    unreadCertificates: (since: Date) => api.deps.store.counts.unreadCertificates(since),
  };
  const app = newApp({ ...api.deps, store: { ...api.deps.store, ...keysOnly(), counts } });
  expect(await series('plinth_database_up', app)).toEqual(new Map([['', 0]]));
  expect((await series('plinth_clusters', app)).size).toBe(0);
  expect((await series('plinth_certificates_unread', app)).size).toBe(0);
  expect(api.logged.some((line) => line.includes('not counted for /metrics'))).toBe(true);
});

test('a slow database holds no scrape up for more than two seconds', async () => {
  const counts = {
    clusters: () => delay(60_000, [], { ref: false }),
    nodes: () => api.deps.store.counts.nodes(),
    unreadCertificates: (since: Date) => api.deps.store.counts.unreadCertificates(since),
  };
  const app = newApp({ ...api.deps, store: { ...api.deps.store, ...keysOnly(), counts } });
  const started = Date.now();
  expect(await scrape(app)).toContain('plinth_build_info{version="0.0.0"} 1');
  expect(Date.now() - started).toBeLessThan(10_000);
});

/** What a scrape needs of the store besides: it is a proxy, whose parts a spread does not copy by itself. */
function keysOnly() {
  return { apiKeys: api.deps.store.apiKeys };
}

test('event streams are counted while they are open', async () => {
  const name = await api.project();
  await api.apply(name, 'watched');
  const answer = await api.call('GET', `${clustersOf(name)}/watched/events`);
  await answer.body!.getReader().read();
  expect(await series('plinth_event_streams')).toEqual(new Map([['', 1]]));
});

test('the line of a request says project, cluster, taskset and node', async () => {
  const name = await api.project();
  await api.call('GET', `${clustersOf(name)}/c1/tasksets/t1/logs`, {
    headers: { 'x-request-id': 'told-1' },
  });
  await api.call('POST', `${clustersOf(name)}/c1/nodes/m1/approve`, {
    headers: { 'x-request-id': 'told-2' },
  });
  const lineOf = (id: string): unknown =>
    JSON.parse(api.logged.find((line) => line.includes(`"${id}"`)) ?? '{}');
  expect(lineOf('told-1')).toMatchObject({ project: name, cluster: 'c1', taskset: 't1' });
  expect(lineOf('told-2')).toMatchObject({ project: name, cluster: 'c1', node: 'm1' });
});
