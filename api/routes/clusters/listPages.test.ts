import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Cluster } from '../../../core/cluster.js';
import { createStore } from '../../../store/store.js';
import type { Store } from '../../../store/types.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { newApp } from '../../app.js';

/** Two API processes on one database. */
let api: TestApi;
let store: Store;
let other: ReturnType<typeof newApp>;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
  store = await createStore({ uri: api.database.uri, database: api.database.database });
  other = newApp({ ...api.deps, store });
});
afterAll(async () => {
  await store.close();
  await api.close();
});
beforeEach(async () => {
  project = await api.project();
});

interface List {
  metadata: { count: number };
  items: Cluster[];
}

/** The list as the other process answers it. */
async function list(query = ''): Promise<{ items: Cluster[]; etag: string | null }> {
  const headers = { 'x-api-key': api.adminKey };
  const answer = await other.request(`${clustersOf(project)}?limit=10${query}`, { headers });
  const { items } = (await answer.json()) as List;
  return { items, etag: answer.headers.get('etag') };
}

const names = async (query = ''): Promise<string[]> =>
  (await list(query)).items.map(({ metadata }) => metadata.name);

describe('a page of clusters that was asked for before', () => {
  test('is the same until something changes, with the same ETag', async () => {
    await api.apply(project, 'a');
    const first = await list();
    expect(await list()).toEqual(first);
    await api.apply(project, 'b');
    const later = await list();
    expect(later.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(later.etag).not.toBe(first.etag);
  });

  test('shows a changed spec, a deletion and a removal that another process was asked for', async () => {
    await api.apply(project, 'a', ({ metadata }) => {
      metadata.labels = { env: 'test' };
    });
    expect([await names(), await names('&label=env%3Dprod')]).toEqual([['a'], []]);
    const record = (await api.deps.store.clusters.get(project, 'a'))!;
    const changed = structuredClone(record.desired);
    changed.metadata.labels = { env: 'prod' };
    const applied = await api.call('POST', clustersOf(project), { body: changed });
    expect(applied.status).toBe(200);
    expect(await names('&label=env%3Dprod')).toEqual(['a']);
    const { items } = await list();
    expect(items[0]?.metadata.labels).toEqual({ env: 'prod' });
    await api.call('DELETE', `${clustersOf(project)}/a`);
    expect((await list()).items[0]?.metadata.modifiedAt).not.toBe(items[0]?.metadata.modifiedAt);
    await api.deps.store.clusters.remove(record.id);
    expect([await names(), await names('&label=env%3Dprod')]).toEqual([[], []]);
  });

  test('is by the status as it is now, which no change of a spec comes with', async () => {
    await api.apply(project, 'a');
    const complete = '&status=CLUSTER_PROVISION_COMPLETE';
    expect(await names(complete)).toEqual([]);
    const { id } = (await api.deps.store.clusters.get(project, 'a'))!;
    await api.deps.store.clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
    expect(await names(complete)).toEqual(['a']);
  });

  test('is that of its own project, and follows what others share with it', async () => {
    const mine = project;
    await api.apply(mine, 'a');
    expect(await names()).toEqual(['a']);
    project = await api.project();
    expect(await names()).toEqual([]);
    expect(await names('&shared=true')).toEqual([]);
    await api.apply(mine, 'b', ({ spec }) => {
      spec.sharing = { enabled: true, projects: [{ name: project }] };
    });
    expect(await names('&shared=true')).toEqual(['b']);
  });
});
