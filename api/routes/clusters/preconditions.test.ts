import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

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
  await api.apply(project, 'demo');
});

const read = async (): Promise<Cluster> => (await (await api.call('GET', path)).json()) as Cluster;

async function change(location: string, headers: Record<string, string>): Promise<Response> {
  const body = await read();
  body.spec.config.location = location;
  return api.call('POST', clustersOf(project), { body, headers });
}

describe('ETag', () => {
  test.each(['', '/status', '/nodes', '/tasksets'])(
    'of …/demo%s: 304 without a body while nothing has changed, 200 after a change',
    async (rest) => {
      const first = await api.call('GET', path + rest);
      const tag = first.headers.get('etag')!;
      expect(tag).toMatch(/^"[\w.-]+"$/);
      for (const known of [tag, `"other", W/${tag}`, '*']) {
        const again = await api.call('GET', path + rest, { headers: { 'if-none-match': known } });
        expect(again.status).toBe(304);
        expect(again.headers.get('etag')).toBe(tag);
        expect(await again.text()).toBe('');
      }
      const other = await api.call('GET', path + rest, { headers: { 'if-none-match': '"x"' } });
      expect(other.status).toBe(200);
      const { store } = api.deps;
      const { id } = (await store.clusters.get(project, 'demo'))!;
      await change('elsewhere', {});
      await store.nodes.upsert(id, 'm1', {
        spec: (await read()).spec.config.nodes[0]!,
        status: 'READY',
      });
      await store.tasksets.begin({
        ...{ id: `t${id}`, clusterId: id, generation: 2, comments: '', operations: [], plan: [] },
        status: 'PROVISION_TASKSET_STATUS_INPROGRESS',
      });
      const changed = await api.call('GET', path + rest, { headers: { 'if-none-match': tag } });
      expect(changed.status).toBe(200);
    },
  );

  test('of YAML is not that of JSON', async () => {
    const json = await api.call('GET', path);
    const yaml = await api.call('GET', path, { headers: { accept: 'application/yaml' } });
    const tag = yaml.headers.get('etag')!;
    expect(tag).not.toBe(json.headers.get('etag'));
    const again = await api.call('GET', path, {
      headers: { accept: 'application/yaml', 'if-none-match': tag },
    });
    expect(again.status).toBe(304);
  });
});

describe('If-Match', () => {
  test('of two changes of the same reading only one is made; the other is 409 with words', async () => {
    const { resourceVersion } = (await read()).metadata;
    const headers = { 'if-match': `"${resourceVersion!}"` };
    const answers = await Promise.all([change('a', headers), change('b', headers)]);
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409]);
    const lost = answers.find((answer) => answer.status === 409)!;
    expect(await lost.text()).toContain('was changed since it was read');
    expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(2);
  });

  test.each(['', '/status'])('takes the ETag of …/demo%s', async (rest) => {
    const tag = (await api.call('GET', path + rest)).headers.get('etag')!;
    expect((await change('a', { 'if-match': tag })).status).toBe(200);
    expect((await change('b', { 'if-match': tag })).status).toBe(409);
  });

  test('takes the ETag that an apply answered', async () => {
    const tag = (await change('a', {})).headers.get('etag')!;
    expect((await change('b', { 'if-match': tag })).status).toBe(200);
  });

  test('is not about progress: work on the cluster makes no conflict', async () => {
    const { resourceVersion } = (await read()).metadata;
    const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
    await api.deps.store.clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_INPROGRESS');
    expect((await change('a', { 'if-match': resourceVersion! })).status).toBe(200);
  });

  test('of a cluster that is not there, or is another of the same name, is 409', async () => {
    const { resourceVersion } = (await read()).metadata;
    const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
    const body = await read();
    await api.deps.store.clusters.remove(id);
    const post = (match: string) =>
      api.call('POST', clustersOf(project), { body, headers: { 'if-match': match } });
    expect((await post('*')).status).toBe(409);
    await api.apply(project, 'demo');
    expect((await post(resourceVersion!)).status).toBe(409);
    expect((await post('*')).status).toBe(200);
  });

  test('holds for a deletion', async () => {
    const { resourceVersion } = (await read()).metadata;
    await change('a', {});
    const remove = (match: string) => api.call('DELETE', path, { headers: { 'if-match': match } });
    expect((await remove(resourceVersion!)).status).toBe(409);
    expect((await api.deps.store.clusters.get(project, 'demo'))?.deleting).toBe(false);
    expect((await remove((await read()).metadata.resourceVersion!)).status).toBe(200);
  });

  test('that fails leaves the stored keys as they were', async () => {
    const before = await api.database.client
      .db(api.database.database)
      .collection('secrets')
      .find()
      .toArray();
    expect((await change('a', { 'if-match': 'old' })).status).toBe(409);
    const after = await api.database.client
      .db(api.database.database)
      .collection('secrets')
      .find()
      .toArray();
    expect(after).toEqual(before);
  });
});

test('resourceVersion of a body is ignored, as all that the server sets', async () => {
  const body = await read();
  body.metadata.resourceVersion = 'old';
  expect((await api.call('POST', clustersOf(project), { body })).status).toBe(200);
});

test('If-None-Match: * makes a cluster and never changes one', async () => {
  const headers = { 'if-none-match': '*' };
  const body = await read();
  expect((await api.call('POST', clustersOf(project), { body, headers })).status).toBe(409);
  const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
  await api.deps.store.clusters.remove(id);
  expect((await api.call('POST', clustersOf(project), { body, headers })).status).toBe(200);
});
