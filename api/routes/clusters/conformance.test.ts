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
});
