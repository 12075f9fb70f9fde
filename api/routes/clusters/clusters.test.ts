import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import type { ApiError } from '../../http/apiError.js';
import type { Cluster } from '../../../core/cluster.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

let api: TestApi;
let project: string;
let path: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo`;
  api.workflows.away = false;
  api.workflows.notified = [];
  api.workflows.running.clear();
  expect((await api.apply(project, 'demo')).status).toBe(200);
});

async function fail(): Promise<string> {
  const { clusters } = api.deps.store;
  const record = (await clusters.get(project, 'demo'))!;
  const { id, generation, retries, deleting } = record;
  await clusters.setObserved(id, { generation, retries, deleting });
  const value = { conditionStatus: 3, reason: 'no space', sequence: 1, generation } as const;
  await clusters.setCommonStatus(id, { ...value, retries, deleting });
  return id;
}

async function message(answer: Response): Promise<string> {
  const error = (await answer.json()) as ApiError;
  expect(error.code).toBe(answer.status);
  expect(error.external).toContain(error.message);
  return error.message;
}

describe('list', () => {
  test('answers the clusters of the project by name, a page at a time, with their count', async () => {
    await api.apply(project, 'alpha');
    await api.apply(project, 'zeta');
    const answer = await api.call('GET', `${clustersOf(project)}?limit=2&offset=1`);
    const list = (await answer.json()) as { metadata: object; items: Cluster[] };
    expect(list).toMatchObject({
      apiVersion: 'infra.k8smgmt.io/v3',
      kind: 'ClusterList',
      metadata: { count: 3, limit: 2, offset: 1 },
    });
    expect(list.items.map((item) => item.metadata.name)).toEqual(['demo', 'zeta']);
  });

  test.each(['limit=0', 'limit=x', 'offset=-1'])('refuses %s', async (query) => {
    const answer = await api.call('GET', `${clustersOf(project)}?${query}`);
    expect(answer.status).toBe(400);
    const { details } = (await answer.json()) as ApiError;
    expect(details[0]?.path).toBe(query.split('=')[0]);
  });
});

describe('reading', () => {
  test.each(['', '/status', '/kubeconfig', '/nodes', '/tasksets', '/events'])(
    'what is not there: GET …/none%s is 404 with words',
    async (rest) => {
      const answer = await api.call('GET', `${clustersOf(project)}/none${rest}`);
      expect(answer.status).toBe(404);
      expect(await message(answer)).toContain('there is no cluster none');
    },
  );

  test.each(['', '/demo', '/demo/status', '/demo/nodes', '/demo/tasksets'])(
    'GET …/clusters%s is for viewers of the project only',
    async (rest) => {
      const url = `${clustersOf(project)}${rest}`;
      const own = await api.key('viewer', project);
      const foreign = await api.key('admin', await api.project());
      expect((await api.call('GET', url, { key: own })).status).toBe(200);
      expect((await api.call('GET', url, { key: foreign })).status).toBe(403);
      expect((await api.call('GET', url, { key: null })).status).toBe(401);
    },
  );

  test('answers in YAML when asked to', async () => {
    const answer = await api.call('GET', path, { headers: { accept: 'application/yaml' } });
    expect(answer.headers.get('content-type')).toContain('application/yaml');
    expect((parse(await answer.text()) as Cluster).metadata.name).toBe('demo');
  });
});

describe('delete', () => {
  test('tells the workflow and is in the audit log', async () => {
    api.workflows.notified = [];
    await api.call('DELETE', path);
    expect(api.workflows.notified).toEqual([`${project}/demo`]);
    const { items } = await api.deps.store.audit.list({ limit: 1, offset: 0, project });
    expect(items[0]?.action).toBe('cluster.delete');
  });

  test('is recorded when Temporal is away', async () => {
    api.workflows.away = true;
    expect((await api.call('DELETE', path)).status).toBe(200);
    expect((await api.deps.store.clusters.get(project, 'demo'))?.deleting).toBe(true);
  });

  test('after a deletion that failed tries again', async () => {
    await api.call('DELETE', path);
    await fail();
    await api.call('DELETE', path);
    const record = (await api.deps.store.clusters.get(project, 'demo'))!;
    expect(record.retries).toBeGreaterThan(record.observed.retries);
    expect(record.commonStatus.conditionStatus).toBe(1);
  });

  test('of what is not there is 404', async () => {
    expect((await api.call('DELETE', `${clustersOf(project)}/none`)).status).toBe(404);
  });

  test('is for operators', async () => {
    const key = await api.key('viewer', project);
    expect((await api.call('DELETE', path, { key })).status).toBe(403);
    expect((await api.deps.store.clusters.get(project, 'demo'))?.deleting).toBe(false);
  });
});

describe('retry', () => {
  test('of what failed is submitted and told to the workflow', async () => {
    await fail();
    api.workflows.notified = [];
    const answer = await api.call('POST', `${path}/retry`);
    expect(answer.status).toBe(200);
    const { status } = (await answer.json()) as Cluster;
    expect(status?.commonStatus.conditionStatus).toBe(1);
    expect(api.workflows.notified).toEqual([`${project}/demo`]);
  });

  test('of what is being worked on is 409', async () => {
    const answer = await api.call('POST', `${path}/retry`);
    expect(answer.status).toBe(409);
    expect(await message(answer)).toContain('being worked on');
  });

  test('is for operators, of clusters that are there', async () => {
    const key = await api.key('viewer', project);
    expect((await api.call('POST', `${path}/retry`, { key })).status).toBe(403);
    expect((await api.call('POST', `${clustersOf(project)}/none/retry`)).status).toBe(404);
  });
});

describe('cancel', () => {
  test('reaches the running workflow', async () => {
    api.workflows.running.add(`${project}/demo`);
    expect((await api.call('POST', `${path}/cancel`)).status).toBe(200);
    expect(api.workflows.cancelled).toContain(`${project}/demo`);
  });

  test('of what does not run is 409', async () => {
    expect((await api.call('POST', `${path}/cancel`)).status).toBe(409);
  });

  test('with Temporal away is 503 that says when to come back, because nothing keeps it', async () => {
    api.workflows.away = true;
    const answer = await api.call('POST', `${path}/cancel`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('is for operators', async () => {
    const key = await api.key('viewer', project);
    expect((await api.call('POST', `${path}/cancel`, { key })).status).toBe(403);
  });
});

describe('kubeconfig', () => {
  test('is 404 with words until the first control plane answers', async () => {
    const answer = await api.call('GET', `${path}/kubeconfig`);
    expect(answer.status).toBe(404);
    expect(await message(answer)).toContain('no kubeconfig yet');
  });

  test('is YAML that no cache keeps, and its reading is in the audit log', async () => {
    const { store, vault } = api.deps;
    const record = (await store.clusters.get(project, 'demo'))!;
    const text = 'apiVersion: v1\nkind: Config\n';
    await store.secrets.put(record.id, 'kubeconfig', vault.seal(record.id, text));
    const answer = await api.call('GET', `${path}/kubeconfig`, {
      headers: { accept: 'application/x-rafay-yaml' },
    });
    expect(await answer.text()).toBe(text);
    expect(answer.headers.get('content-type')).toContain('application/x-rafay-yaml');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { items } = await store.audit.list({ limit: 1, offset: 0, project });
    expect(items[0]?.action).toBe('cluster.kubeconfig');
  });

  test('is not for viewers', async () => {
    const key = await api.key('viewer', project);
    expect((await api.call('GET', `${path}/kubeconfig`, { key })).status).toBe(403);
  });
});
