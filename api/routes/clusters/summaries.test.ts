import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import type { ClusterSummary } from '../../views/clusterSummary.js';

let api: TestApi;
let project: string;
let path: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `/apis/infra.k8smgmt.io/v3/projects/${project}/clustersummaries`;
});

async function list(query = '', headers = {}) {
  const answer = await api.call('GET', `${path}${query}`, { headers });
  const { metadata, items } = (await answer.json()) as {
    metadata: { count: number; continue?: string };
    items: ClusterSummary[];
  };
  return { ...metadata, items, etag: answer.headers.get('etag') ?? '' };
}

test('a cluster that was just applied', async () => {
  await api.apply(project, 'demo', ({ metadata }) => {
    metadata.labels = { env: 'prod' };
  });
  const { items, count } = await list();
  expect(count).toBe(1);
  expect(items[0]).toMatchObject({
    ...{ name: 'demo', state: 'WORKING', provisionStatus: 'CLUSTER_PROVISION_NOT_STARTED' },
    ...{ kubernetesVersion: 'v1.34.4', nodes: { ready: 0, total: 3 }, labels: { env: 'prod' } },
  });
  expect(items[0]).not.toHaveProperty('appliedVersion');
});

test('counts nodes of the spec that are READY, and says what runs where it is another version', async () => {
  await api.apply(project, 'demo');
  const { id, desired } = (await api.deps.store.clusters.get(project, 'demo'))!;
  const [spec] = desired.spec.config.nodes;
  for (const hostname of [spec!.hostname, 'gone']) {
    await api.deps.store.nodes.upsert(id, hostname, {
      ...{ spec: { ...spec!, hostname }, status: 'READY' },
    });
  }
  await api.deps.store.clusters.setApplied(id, { kubernetesVersion: 'v1.33.1' });
  expect((await list()).items[0]).toMatchObject({
    ...{ nodes: { ready: 1, total: 3 }, appliedVersion: 'v1.33.1' },
  });
});

test('has pages, filters and an ETag', async () => {
  for (const name of ['a1', 'a2', 'b1']) await api.apply(project, name);
  const first = await list('?limit=2');
  expect([first.count, first.items.map(({ name }) => name)]).toEqual([3, ['a1', 'a2']]);
  const next = await list(`?limit=2&continue=${String(first.continue)}`);
  expect([next.items.map(({ name }) => name), next.continue]).toEqual([['b1'], undefined]);
  expect((await list('?name=a*')).items).toHaveLength(2);
  expect((await list('?status=CLUSTER_PROVISION_COMPLETE')).items).toEqual([]);
  const headers = { 'if-none-match': first.etag };
  expect((await api.call('GET', `${path}?limit=2`, { headers })).status).toBe(304);
  expect((await api.call('GET', `${path}?wrong=1`)).status).toBe(400);
});
