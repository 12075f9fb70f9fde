import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ApiError } from '../http/apiError.js';
import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';
import { tasksetRecord } from '../../test/api/records.js';

const SYSTEM = '/apis/system.k8smgmt.io/v3';

interface Item {
  metadata: { name: string };
  name: string;
  id: string;
  hostname: string;
  resource: string;
  sequence: number;
}

interface OpenApi {
  paths: Record<
    string,
    { get?: { parameters?: { name: string }[]; responses: Record<string, unknown> } }
  >;
}

interface List {
  metadata: { count: number; limit: number; offset: number; continue?: string };
  items: Item[];
}

let api: TestApi;
let project: string;
let clusters: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  clusters = clustersOf(project);
});

async function list(path: string): Promise<List> {
  const answer = await api.call('GET', path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as List;
}

async function problems(path: string): Promise<string[]> {
  const answer = await api.call('GET', path);
  expect(answer.status).toBe(400);
  return ((await answer.json()) as ApiError).details.map((problem) => problem.path);
}

/** Page by page, to the end. */
async function walk(path: string, between?: () => Promise<void>): Promise<Item[]> {
  const items: Item[] = [];
  let page = await list(path);
  for (;;) {
    items.push(...page.items);
    if (page.metadata.continue === undefined) return items;
    await between?.();
    page = await list(`${path}&continue=${page.metadata.continue}`);
  }
}

async function apply(name: string, labels: Record<string, string> = {}): Promise<void> {
  const answer = await api.apply(project, name, (cluster) => {
    cluster.metadata.labels = labels;
  });
  expect(answer.status).toBe(200);
}

const names = ({ items }: List): string[] => items.map((item) => item.metadata.name);

describe('a list of clusters', () => {
  test('goes on exactly where the page before ended, whatever came and went meanwhile', async () => {
    for (const name of ['b', 'd', 'f', 'h']) await apply(name);
    const first = await list(`${clusters}?limit=2`);
    expect(first.metadata).toMatchObject({ count: 4, limit: 2, offset: 0 });
    await apply('a');
    const token = first.metadata.continue ?? '';
    const second = await list(`${clusters}?limit=2&continue=${token}`);
    expect([...names(first), ...names(second)]).toEqual(['b', 'd', 'f', 'h']);
    expect(second.metadata.continue).toBeUndefined();
  });

  test('of an offset leaves that many out, and says when there are more', async () => {
    for (const name of ['a', 'b', 'c']) await apply(name);
    const page = await list(`${clusters}?limit=1&offset=1`);
    expect([names(page), page.metadata.count]).toEqual([['b'], 3]);
    const rest = await list(`${clusters}?limit=1&continue=${page.metadata.continue ?? ''}`);
    expect(names(rest)).toEqual(['c']);
    expect(names(await list(`${clusters}?offset=3`))).toEqual([]);
  });

  test.each([
    ['label=env=prod', ['one', 'two']],
    ['label=env!=prod', ['bare', 'three']],
    ['label=env', ['one', 'three', 'two']],
    ['label=!env', ['bare']],
    ['label=env in (test,prod),tier', ['one']],
    ['label=tier notin (web)', ['bare', 'three', 'two']],
    ['label=env=prod,tier!=web', ['two']],
    ['name=t*', ['three', 'two']],
    ['name=two', ['two']],
    ['name=tw', []],
    ['name=t*&label=env=prod', ['two']],
    ['status=CLUSTER_PROVISION_COMPLETE', ['two']],
    ['status=CLUSTER_PROVISION_COMPLETE&label=env=prod', ['two']],
    ['status=CLUSTER_PROVISION_COMPLETE&label=env=test', []],
  ])('by %s', async (query, wanted) => {
    await apply('one', { env: 'prod', tier: 'web' });
    await apply('two', { env: 'prod' });
    await apply('three', { env: 'test' });
    await apply('bare');
    const { id } = (await api.deps.store.clusters.get(project, 'two'))!;
    await api.deps.store.clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
    const path = `${clusters}?${encodeURI(query)}`;
    const all = await list(path);
    expect([names(all), all.metadata.count]).toEqual([wanted, wanted.length]);
    const paged = await walk(`${path}&limit=1`);
    expect(paged.map((item) => item.metadata.name)).toEqual(wanted);
  });

  test('follows a change of labels', async () => {
    await apply('demo', { env: 'test' });
    const before = (await api.deps.store.clusters.get(project, 'demo'))!;
    const changed = { ...before.desired, metadata: { ...before.desired.metadata } };
    changed.metadata.labels = { env: 'prod' };
    await api.call('POST', clusters, { body: changed });
    expect(names(await list(`${clusters}?label=env=prod`))).toEqual(['demo']);
    expect(names(await list(`${clusters}?label=env=test`))).toEqual([]);
  });

  test('has an ETag, like every other list', async () => {
    const answer = await api.call('GET', '/openapi.json');
    const { paths } = (await answer.json()) as OpenApi;
    // Not those of v1, which are other people's.
    const ours = Object.entries(paths).filter(([path]) => path.startsWith('/apis/'));
    const silent = ours.flatMap(([path, { get }]) =>
      get?.parameters?.some(({ name }) => name === 'limit') === true && !('304' in get.responses)
        ? [path]
        : [],
    );
    expect(silent).toEqual([]);
    const blueprints = `/apis/infra.k8smgmt.io/v3/projects/${project}/blueprints`;
    const metadata = { name: 'web' };
    const body = { apiVersion: 'infra.k8smgmt.io/v3', kind: 'Blueprint', metadata, spec: {} };
    const made = await api.call('POST', blueprints, { body });
    expect(made.status, await made.text()).toBe(200);
    for (const path of [blueprints, `${blueprints}/web/versions`]) {
      const etag = (await api.call('GET', path)).headers.get('etag') ?? '';
      const headers = { 'if-none-match': etag };
      expect((await api.call('GET', path, { headers })).status).toBe(304);
    }
  });

  test('has an ETag: 304 until something of it changes', async () => {
    await apply('a');
    const etag = (await api.call('GET', clusters)).headers.get('etag') ?? '';
    const again = () => api.call('GET', clusters, { headers: { 'if-none-match': etag } });
    expect((await again()).status).toBe(304);
    await apply('b');
    expect((await again()).status).toBe(200);
  });
});

describe('the query of a list', () => {
  test('is refused with every problem at once, each at its path', async () => {
    const query = 'limit=0&offset=-1&status=NOPE&label==x&name=a*b&lable=y&continue=x';
    expect((await problems(`${clusters}?${query}`)).toSorted()).toEqual(
      ['continue', 'label', 'lable', 'limit', 'name', 'offset', 'status'].toSorted(),
    );
  });

  test('is refused where a parameter comes twice', async () => {
    expect(await problems(`${clusters}?limit=1&limit=2&label=a&label=b`)).toEqual([
      ...['limit', 'label'],
    ]);
  });

  test('takes offset or continue, not both', async () => {
    for (const name of ['a', 'b']) await apply(name);
    const token = (await list(`${clusters}?limit=1`)).metadata.continue ?? '';
    expect(await problems(`${clusters}?limit=0&offset=1&continue=${token}`)).toEqual([
      ...['limit', 'offset'],
    ]);
  });

  test('refuses a continue of other filters, of another list, and one that was made up', async () => {
    for (const name of ['a', 'b']) await apply(name);
    const token = (await list(`${clusters}?limit=1`)).metadata.continue ?? '';
    expect(await problems(`${clusters}?name=a&continue=${token}`)).toEqual(['continue']);
    const other = clustersOf(await api.project());
    expect(await problems(`${other}?continue=${token}`)).toEqual(['continue']);
    expect(await problems(`${SYSTEM}/projects?continue=${token}`)).toEqual(['continue']);
    const [scope] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [string];
    const forged = Buffer.from(JSON.stringify([scope, { $ne: '' }])).toString('base64url');
    expect(await problems(`${clusters}?continue=${forged}`)).toEqual(['continue']);
  });

  test.each(['nodes', 'tasksets'])('of %s names what is wrong', async (resource) => {
    await apply('demo');
    const path = `${clusters}/demo/${resource}`;
    expect(await problems(`${path}?limit=x&status=NOPE&more=1`)).toEqual([
      ...['limit', 'status', 'more'],
    ]);
  });

  test.each(['projects', 'apikeys', 'audit'])('of %s names what is wrong', async (resource) => {
    expect(await problems(`${SYSTEM}/${resource}?limit=1001&offset=x&more=1`)).toEqual([
      ...['limit', 'offset', 'more'],
    ]);
  });
});

describe('a list of nodes', () => {
  beforeEach(async () => {
    await api.apply(project, 'demo', (cluster) => {
      cluster.spec.config.nodes[1]!.labels = { disk: 'ssd' };
    });
  });

  const hostnames = ({ items }: List): string[] => items.map((item) => item.hostname);

  test('is in the order of the spec, then those that are leaving, page by page', async () => {
    const { store } = api.deps;
    const record = (await store.clusters.get(project, 'demo'))!;
    const spec = record.desired.spec.config.nodes[0]!;
    await store.nodes.upsert(record.id, 'gone', { spec: { ...spec, hostname: 'gone' } });
    const all = await list(`${clusters}/demo/nodes`);
    expect(hostnames(all)).toEqual(['m1', 'm2', 'm3', 'gone']);
    const paged = await walk(`${clusters}/demo/nodes?limit=1`);
    expect(paged.map((node) => node.hostname)).toEqual(hostnames(all));
    const first = await list(`${clusters}/demo/nodes?limit=3&offset=1`);
    expect([hostnames(first), first.metadata.count]).toEqual([['m2', 'm3', 'gone'], 4]);
  });

  test('goes on when the node that it stood at has gone', async () => {
    const { store } = api.deps;
    const record = (await store.clusters.get(project, 'demo'))!;
    const spec = record.desired.spec.config.nodes[0]!;
    for (const hostname of ['x1', 'x2', 'x3']) {
      await store.nodes.upsert(record.id, hostname, { spec: { ...spec, hostname } });
    }
    const first = await list(`${clusters}/demo/nodes?limit=4`);
    expect(hostnames(first).at(-1)).toBe('x1');
    await store.nodes.remove(record.id, 'x1');
    const token = first.metadata.continue ?? '';
    const rest = await list(`${clusters}/demo/nodes?limit=4&continue=${token}`);
    expect(hostnames(rest)).toEqual(['x2', 'x3']);
  });

  test.each([
    ['name=m2', ['m2']],
    ['name=m*', ['m1', 'm2', 'm3']],
    ['status=READY', ['m1']],
    ['status=READY,PENDING', ['m1', 'm2', 'm3']],
    ['label=disk=ssd', ['m2']],
    ['label=disk!=ssd', ['m1', 'm3']],
  ])('by %s', async (query, wanted) => {
    const { store } = api.deps;
    const record = (await store.clusters.get(project, 'demo'))!;
    const spec = record.desired.spec.config.nodes[0]!;
    await store.nodes.upsert(record.id, 'm1', { spec, status: 'READY' });
    const found = await list(`${clusters}/demo/nodes?${query}`);
    expect([hostnames(found), found.metadata.count]).toEqual([wanted, wanted.length]);
  });
});

test('a list of tasksets goes page by page, by status and by operation', async () => {
  await apply('demo');
  const { store } = api.deps;
  const { id: clusterId } = (await store.clusters.get(project, 'demo'))!;
  for (let number = 1; number <= 5; number++) {
    const record = tasksetRecord({ id: `x${randomUUID().slice(0, 6)}` });
    const { sequence: _sequence, createdAt: _createdAt, ...taskset } = record;
    await store.tasksets.begin({ ...taskset, clusterId });
    if (number % 2 === 0) {
      await store.tasksets.end(record.id, 'PROVISION_TASKSET_STATUS_COMPLETE', 'done');
    }
  }
  const path = `${clusters}/demo/tasksets`;
  const sequences = (items: Item[]): number[] => items.map((item) => item.sequence);
  expect(sequences(await walk(`${path}?limit=2`))).toEqual([5, 4, 3, 2, 1]);
  const done = await list(`${path}?status=PROVISION_TASKSET_STATUS_COMPLETE&limit=1`);
  expect([sequences(done.items), done.metadata.count]).toEqual([[4], 2]);
  expect((await list(`${path}?operation=ClusterCreation`)).metadata.count).toBe(5);
  expect((await list(`${path}?operation=NodeRemoval`)).metadata.count).toBe(0);
});

test('a list of projects goes page by page, by name', async () => {
  const prefix = `l${randomUUID().slice(0, 8)}`;
  for (const end of ['b', 'a', 'c']) await api.deps.store.projects.create({ name: prefix + end });
  const found = await walk(`${SYSTEM}/projects?limit=1&name=${prefix}*`);
  expect(found.map((item) => item.metadata.name)).toEqual(
    ['a', 'b', 'c'].map((end) => prefix + end),
  );
  const key = await api.key('viewer', `${prefix}b`);
  const own = await api.call('GET', `${SYSTEM}/projects?name=${prefix}*`, { key });
  expect(names((await own.json()) as List)).toEqual([`${prefix}b`]);
});

test('a list of keys goes page by page, also through keys of one name, by project and status', async () => {
  await api.key('viewer', project);
  await api.key('viewer', project);
  await api.key('operator', project);
  const path = `${SYSTEM}/apikeys?project=${project}`;
  const found = await walk(`${path}&limit=1`);
  expect(found.map((item) => item.name)).toEqual(['operator key', 'viewer key', 'viewer key']);
  expect(new Set(found.map((item) => item.id)).size).toBe(3);
  await api.deps.store.apiKeys.revoke(found[0]!.id);
  expect((await list(`${path}&status=revoked`)).items).toMatchObject([{ name: 'operator key' }]);
  expect((await list(`${path}&status=active`)).metadata.count).toBe(2);
  expect((await list(`${path}&status=active,revoked`)).metadata.count).toBe(3);
  expect((await list(`${path}&name=viewer*`)).metadata.count).toBe(2);
  const other = await api.key('admin', await api.project());
  expect((await api.call('GET', path, { key: other })).status).toBe(403);
});

test('the audit goes page by page through records of one instant, by resource and by action', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const record = { at, actor: 'a', action: 'cluster.apply', project, summary: '' };
  for (const name of ['a', 'b', 'c']) {
    await api.deps.store.audit.append({ ...record, resource: `clusters/${name}` });
  }
  await api.deps.store.audit.append({ ...record, action: 'key.x', resource: 'apikeys/1' });
  const path = `${SYSTEM}/audit?project=${project}`;
  const resources = (items: Item[]): string[] => items.map((item) => item.resource);
  expect(resources(await walk(`${path}&limit=1`))).toEqual([
    ...['apikeys/1', 'clusters/c', 'clusters/b', 'clusters/a'],
  ]);
  const added = () => api.deps.store.audit.append({ ...record, resource: 'clusters/new' });
  const steady = await walk(`${path}&limit=1&resource=clusters/*`, added);
  expect(resources(steady)).toEqual(['clusters/c', 'clusters/b', 'clusters/a']);
  expect((await list(`${path}&resource=clusters/b`)).metadata.count).toBe(1);
  expect((await list(`${path}&action=key.x`)).metadata.count).toBe(1);
});
