import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Cluster } from '../../../core/cluster.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

/**
 * What clients of the V3 API rely on, one rule after the other: the Terraform resource applies, polls the
 * status, reads details and v1 look-ups, and polls details after a delete.
 */
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
});

const statusOf = async (): Promise<NonNullable<Cluster['status']>> => {
  const answer = await api.call('GET', `${path}/status`);
  return ((await answer.json()) as Cluster).status!;
};

async function succeed(): Promise<void> {
  const { clusters } = api.deps.store;
  const record = (await clusters.get(project, 'demo'))!;
  await clusters.setObserved(record.id, {
    generation: record.generation,
    retries: record.retries,
    deleting: false,
  });
  await clusters.setCommonStatus(record.id, {
    conditionStatus: 2,
    reason: 'clusterOperation is applied',
    sequence: record.generation,
    generation: record.generation,
  });
}

describe('the rules of the V3 API', () => {
  test('0: a body may bring back the status and metadata of an earlier GET', async () => {
    await api.apply(project, 'demo');
    const got = (await (await api.call('GET', `${path}/status`)).json()) as Cluster;
    const answer = await api.call('POST', clustersOf(project), { body: got });
    expect(answer.status).toBe(200);
    const details = (await (await api.call('GET', path)).json()) as Cluster;
    expect(details.status).toBeUndefined();
    expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(1);
  });

  test('1: an apply is submitted before it answers, whatever the status was', async () => {
    await api.apply(project, 'demo');
    expect((await statusOf()).commonStatus.conditionStatus).toBe(1);
    await succeed();
    expect((await statusOf()).commonStatus.conditionStatus).toBe(2);
    const changed = (await (await api.call('GET', path)).json()) as Cluster;
    changed.spec.blueprint = { name: 'minimal' };
    expect((await api.call('POST', clustersOf(project), { body: changed })).status).toBe(200);
    expect((await statusOf()).commonStatus.conditionStatus).toBe(1);
  });

  test('2: the status has mks and commonStatus with its number, from the first moment on', async () => {
    await api.apply(project, 'demo');
    const status = await statusOf();
    expect(status.mks.nodes).toHaveLength(3);
    expect(typeof status.commonStatus.conditionStatus).toBe('number');
    expect(status.id).toMatch(/^[a-z0-9]{7}$/);
  });

  test('3: details echo the spec as it was given, nothing added or normalised', async () => {
    const text = await readFile(new URL('../../../examples/seed.json', import.meta.url), 'utf8');
    const given = JSON.parse(text) as Cluster;
    given.metadata = { name: 'demo', project };
    given.spec.config.installerTtl = 365;
    given.spec.config.nodes[0]!.ssh!.privateKeyPath = 'id_ed25519';
    given.spec.config.network.cni.version = given.spec.config.network.cni.version.trim();
    expect((await api.call('POST', clustersOf(project), { body: given })).status).toBe(200);
    const got = (await (await api.call('GET', path)).json()) as Cluster;
    expect(got.spec).toEqual(given.spec);
    expect(got.metadata.project).toBe(project);
    expect(Object.keys(got)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  });

  test('4: while deleting GET answers 200, then exactly 404', async () => {
    await api.apply(project, 'demo');
    const record = (await api.deps.store.clusters.get(project, 'demo'))!;
    const deleted = await api.call('DELETE', path);
    expect([deleted.status, await deleted.text()]).toEqual([200, '']);
    expect((await api.call('GET', path)).status).toBe(200);
    expect((await api.call('GET', `${path}/status`)).status).toBe(200);
    await api.deps.store.clusters.remove(record.id);
    expect((await api.call('GET', path)).status).toBe(404);
    expect((await api.call('GET', `${path}/status`)).status).toBe(404);
    expect((await api.call('DELETE', path)).status).toBe(404);
  });

  test('5: the v1 look-ups work for the same cluster and project', async () => {
    await api.apply(project, 'demo', (cluster) => {
      cluster.metadata.labels = { team: 'a' };
    });
    const header = { key: null, headers: { 'x-rafay-api-keyid': api.adminKey } };
    const get = async (url: string): Promise<unknown> => {
      const answer = await api.call('GET', url, header);
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const found = (await get(`/auth/v1/projects/?name=${project}`)) as {
      count: number;
      results: { id: string; name: string }[];
    };
    expect(found.count).toBe(1);
    const { id } = found.results[0]!;
    expect(await get(`/auth/v1/projects/${id}/`)).toMatchObject({ id, name: project });
    const edges = (await get(`/edge/v1/projects/${id}/edges/?name=demo`)) as {
      results: { id: string }[];
    };
    const edge = edges.results[0]!;
    expect(edge).toMatchObject({ name: 'demo', status: 'PROVISIONING', settings: {} });
    expect(await get(`/edge/v1/projects/${id}/edges/${edge.id}/`)).toEqual(edge);
    expect(await get(`/v2/scheduler/project/${id}/cluster/demo`)).toEqual({
      metadata: { name: 'demo', labels: { team: 'a' } },
    });
  });

  test('6: nodes in another order are no change', async () => {
    await api.apply(project, 'demo');
    await succeed();
    const body = (await (await api.call('GET', path)).json()) as Cluster;
    body.spec.config.nodes.reverse();
    await api.call('POST', clustersOf(project), { body });
    expect((await statusOf()).commonStatus.conditionStatus).toBe(2);
  });

  test('v1 look-ups by `q` find what begins so, the shortest name first; an empty one finds all', async () => {
    for (const name of ['demo-2', 'demo', 'other']) await api.apply(project, name);
    const lookUp = async (url: string): Promise<string[]> => {
      const { results } = (await (await api.call('GET', url)).json()) as {
        results: { id: string; name: string }[];
      };
      return results.map(({ name }) => name);
    };
    const { id } = (await api.deps.store.projects.get(project))!;
    const edges = `/edge/v1/projects/${id}/edges/`;
    expect(await lookUp(`${edges}?q=demo`)).toEqual(['demo', 'demo-2']);
    expect(await lookUp(`${edges}?q=demo&name=other`)).toEqual(['other']);
    expect(await lookUp(`${edges}?q=&limit=2`)).toEqual(['demo', 'demo-2']);
    expect(await lookUp(`/auth/v1/projects/?q=${project.slice(0, -2)}`)).toEqual([project]);
    const own = await api.key('viewer', project);
    const seen = await api.call('GET', `/auth/v1/projects/?q=p`, { key: own });
    expect(await seen.json()).toMatchObject({ count: 1, results: [{ name: project }] });
  });

  test.each([
    ['application/x-rafay-yaml', 'application/x-rafay-yaml; charset=utf-8'],
    ['application/yaml', 'application/yaml; charset=utf-8'],
    ['text/yaml', 'application/yaml; charset=utf-8'],
    ['application/yaml, application/json', 'application/json'],
    ['*/*', 'application/json'],
  ])('who accepts %s is answered %s, errors included', async (accept, type) => {
    await api.apply(project, 'demo');
    for (const url of [path, `${path}/status`, `${path}-none`]) {
      const answer = await api.call('GET', url, { headers: { accept } });
      expect(answer.headers.get('content-type')).toBe(type);
    }
  });

  test('a field that is null was not set: it is no error and not echoed', async () => {
    const body = structuredClone(
      (await (await api.apply(project, 'other')).json()) as Cluster,
    ) as unknown as Record<string, Record<string, unknown>>;
    body['metadata'] = { name: 'demo', project, labels: null, annotations: null };
    const { config } = body['spec'] as { config: { nodes: Record<string, unknown>[] } };
    config.nodes.forEach((node, index) => {
      const ip = `10.99.0.${String(index + 1)}`;
      const ssh = { ...(node['ssh'] as object), ipAddress: ip, passphrase: null };
      Object.assign(node, { privateIP: ip, taints: null, labels: null, interface: null, ssh });
    });
    Object.assign(body['spec']!, { proxy: null, cloudCredentials: null, sharing: null });
    const answer = await api.call('POST', clustersOf(project), { body });
    expect(answer.status, await answer.clone().text()).toBe(200);
    expect(await answer.text()).not.toContain('null');
    const wrong = { ...body, kind: null, metadata: { name: 'demo', labels: { a: null } } };
    const refused = await api.call('POST', clustersOf(project), { body: wrong });
    const { details } = (await refused.json()) as { details: { path: string }[] };
    expect(new Set(details.map(({ path: at }) => at))).toEqual(
      new Set(['kind', 'metadata.labels.a']),
    );
  });
});
