import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import { clustersOf, uniqueCluster } from '../api/openTestApi.js';
import { startRunningApi, type RunningApi } from '../product/runningApi.js';

/**
 * The Terraform resource's own sequences over a real socket, against the API's own process with its database and Temporal,
 * where no worker polls: what a worker would record is written by the test.
 */
let api: RunningApi;
let client: Client;
let site = 100;
beforeAll(async () => {
  api = await startRunningApi();
  client = new Client({ connection: await Connection.connect({ address: api.temporalAddress }) });
}, 120_000);
afterAll(async () => {
  await client.connection.close();
  await api.stop();
});

/** What signing clients send beside the key. */
const SIGNED = { date: '1763886218', nonce: 'n0nce', 'content-md5': 'AAAA' };

async function ask(
  path: string,
  { headers, ...init }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(api.url + path, {
    ...init,
    headers: { 'x-api-key': api.adminKey, ...SIGNED, ...headers },
  });
}

async function ok<T>(path: string): Promise<T> {
  const answer = await ask(path);
  expect([path, answer.status]).toEqual([path, 200]);
  return (await answer.json()) as T;
}

async function aCluster(): Promise<{ project: string; path: string; cluster: Cluster }> {
  const project = await api.project();
  site += 1;
  const cluster = uniqueCluster(project, 'demo', site);
  return { project, path: `${clustersOf(project)}/demo`, cluster };
}

const apply = (project: string, cluster: Cluster): Promise<Response> =>
  ask(clustersOf(project), {
    ...{ method: 'POST', body: JSON.stringify(cluster) },
    headers: { 'content-type': 'application/json' },
  });

const blueprintsOf = (project: string): string =>
  `/apis/infra.k8smgmt.io/v3/projects/${project}/blueprints`;

/** One version of a blueprint of the project. */
async function makeBlueprint(project: string, version: string): Promise<void> {
  const manifest = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {of: ${version}}\n`;
  const made = await ask(blueprintsOf(project), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'Blueprint' },
      metadata: { name: 'web', project },
      spec: { version, addons: [{ name: 'a', type: 'Manifest', namespace: 'n', manifest }] },
    }),
  });
  expect([made.status, await made.text()]).toEqual([200, expect.any(String)]);
}

async function conclude(project: string, conditionStatus: 2 | 3, reason: string): Promise<void> {
  const { clusters } = api.store;
  const { id, generation, retries } = (await clusters.get(project, 'demo'))!;
  await clusters.setObserved(id, { generation, retries, deleting: false });
  const at = { sequence: generation, generation };
  await clusters.setCommonStatus(id, { conditionStatus, reason, ...at });
}

/** What its status loop reads: it panics where `commonStatus` is absent. */
async function poll(path: string): Promise<[number, string]> {
  const { status } = await ok<Cluster>(`${path}/status`);
  expect(status?.mks).toBeDefined();
  const { conditionStatus, reason } = status!.commonStatus;
  return [conditionStatus, reason];
}

interface Look {
  results: { id: string; name: string; settings?: object }[];
}

/** Every refresh: details, the project by name and id, the edge by name and id, the labels. */
async function refresh(project: string, path: string): Promise<Cluster> {
  const details = await ok<Cluster>(path);
  const [found] = (await ok<Look>(`/auth/v1/projects/?name=${project}`)).results;
  expect(await ok(`/auth/v1/projects/${found!.id}/`)).toMatchObject({ name: project });
  const edges = `/edge/v1/projects/${found!.id}/edges`;
  const [edge] = (await ok<Look>(`${edges}/?name=demo&user_agent=terraform`)).results;
  expect(edge?.settings).toEqual({});
  expect(await ok(`${edges}/${edge!.id}/`)).toEqual(edge);
  const written = await ask(`${edges}/${edge!.id}/`, {
    ...{ method: 'PUT', body: JSON.stringify(edge) },
    headers: { 'content-type': 'application/json' },
  });
  expect([written.status, await written.json()]).toEqual([200, edge]);
  await ok(`/v2/scheduler/project/${found!.id}/cluster/demo`);
  return details;
}

describe('the Terraform resource', () => {
  test('creates, refreshes, updates and destroys', async () => {
    const { project, path, cluster } = await aCluster();
    // Its own defaults.
    cluster.spec.blueprint.version = 'latest';
    cluster.spec.config.installerTtl = 365;
    expect((await ask(path)).status).toBe(404);
    expect((await apply(project, cluster)).status).toBe(200);
    const handle = client.workflow.getHandle(`cluster/${project}/demo`);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect((await poll(path))[0]).toBe(1);
    await conclude(project, 2, 'clusterOperation is applied');
    expect(await poll(path)).toEqual([2, 'clusterOperation is applied']);
    expect((await refresh(project, path)).spec).toEqual(cluster.spec);

    const changed = structuredClone(cluster);
    changed.spec.blueprint = { name: 'minimal' };
    changed.spec.config.nodes.reverse();
    expect((await apply(project, changed)).status).toBe(200);
    expect((await poll(path))[0]).toBe(1);
    await conclude(project, 2, 'clusterOperation is applied');
    expect((await refresh(project, path)).spec.blueprint).toEqual({ name: 'minimal' });

    const deleted = await ask(path, { method: 'DELETE' });
    expect([deleted.status, await deleted.text()]).toEqual([200, '']);
    expect((await ask(path)).status).toBe(200);
    const { id } = (await api.store.clusters.get(project, 'demo'))!;
    await api.store.clusters.remove(id);
    expect((await ask(path)).status).toBe(404);
  });

  test('names a version of a blueprint, and moves to another', async () => {
    const { project, path, cluster } = await aCluster();
    for (const version of ['v1', 'v2']) await makeBlueprint(project, version);
    for (const version of ['v1', 'v2']) {
      cluster.spec.blueprint = { name: 'web', version };
      expect((await apply(project, cluster)).status).toBe(200);
      expect((await poll(path))[0]).toBe(1);
      await conclude(project, 2, 'done');
      const read = await refresh(project, path);
      expect(read.spec).toEqual(cluster.spec);
      // What it read, applied again, is no change.
      expect((await apply(project, read)).status).toBe(200);
      expect(await poll(path)).toEqual([2, 'done']);
    }
    cluster.spec.blueprint = { name: 'web', version: 'v3' };
    const refused = await apply(project, cluster);
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { details: [{ path: 'spec.blueprint.version' }] },
    ]);
    expect((await refresh(project, path)).spec.blueprint).toEqual({ name: 'web', version: 'v2' });
  });

  test('sends nodes in random order, and what it read before: no change', async () => {
    const { project, path, cluster } = await aCluster();
    await apply(project, cluster);
    await conclude(project, 2, 'done');
    const read = await ok<Cluster>(`${path}/status`);
    read.spec.config.nodes.reverse();
    expect((await apply(project, read)).status).toBe(200);
    expect(await poll(path)).toEqual([2, 'done']);
  });

  test('shows why an apply failed, and applies the same again', async () => {
    const { project, path, cluster } = await aCluster();
    await apply(project, cluster);
    await conclude(project, 3, 'ap-node1: preflight: port 6443 is taken');
    expect(await poll(path)).toEqual([3, 'ap-node1: preflight: port 6443 is taken']);
    expect((await refresh(project, path)).spec).toEqual(cluster.spec);
    expect((await apply(project, cluster)).status).toBe(200);
    expect((await poll(path))[0]).toBe(1);
  });

  test('is refused with every problem where the plan is wrong, and nothing is made', async () => {
    const { project, path, cluster } = await aCluster();
    cluster.spec.config.nodes[0]!.arch = 'sparc' as 'amd64';
    cluster.spec.config.kubernetesVersion = '1.34';
    const answer = await apply(project, cluster);
    expect(answer.status).toBe(400);
    const { external, details } = (await answer.json()) as {
      external: string;
      details: { path: string }[];
    };
    expect(details.map((each) => each.path)).toEqual(
      expect.arrayContaining(['spec.config.nodes[0].arch', 'spec.config.kubernetesVersion']),
    );
    expect(external).toContain('spec.config.kubernetesVersion');
    expect((await ask(path)).status).toBe(404);
  });

  test('imports by name and project what others made: no difference to what was given', async () => {
    const { project, path, cluster } = await aCluster();
    cluster.metadata.labels = { team: 'a' };
    cluster.spec.config.installerTtl = 30;
    expect((await apply(project, cluster)).status).toBe(200);
    await conclude(project, 2, 'done');
    // `terraform import … demo/PROJECT` knows nothing but the two names.
    const imported = await refresh(project, path);
    expect(imported.metadata).toMatchObject({ name: 'demo', project, labels: { team: 'a' } });
    expect(imported.spec).toEqual(cluster.spec);
    expect((await apply(project, imported)).status).toBe(200);
    expect(await poll(path)).toEqual([2, 'done']);
    expect((await ask(`${clustersOf(project)}/nobody`)).status).toBe(404);
    expect((await ask(`${clustersOf(await api.project())}/demo`)).status).toBe(404);
  });

  test('with a wrong key is told so at every call, and nothing is made', async () => {
    const { project, path, cluster } = await aCluster();
    const headers = { 'x-api-key': 'wrong', 'content-type': 'application/json' };
    const body = JSON.stringify(cluster);
    const calls = [
      ask(clustersOf(project), { method: 'POST', body, headers }),
      ...[path, `${path}/status`, `/auth/v1/projects/?name=${project}`].map((each) =>
        ask(each, { headers }),
      ),
    ];
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect((await ask(path)).status).toBe(404);
  });

  test('shares a cluster with another project, which then reads it', async () => {
    const { project, cluster } = await aCluster();
    const other = await api.project();
    cluster.spec.sharing = { enabled: true, projects: [{ name: other }] };
    expect((await apply(project, cluster)).status).toBe(200);
    const shared = await ok<Cluster>(`${clustersOf(other)}/demo`);
    expect(shared.spec.sharing).toEqual(cluster.spec.sharing);
    expect(shared.metadata.project).toBe(project);
  });
});

describe('every client', () => {
  test.each([
    ['X-API-KEY', (key: string) => key],
    ['X-RAFAY-API-KEYID', (key: string) => key],
    ['Authorization', (key: string) => `Bearer ${key}`],
  ])('may send its key as %s', async (header, value) => {
    const headers = { 'x-api-key': '', [header.toLowerCase()]: value(api.adminKey) };
    expect((await ask('/auth/v1/projects/', { headers })).status).toBe(200);
    const wrong = { 'x-api-key': '', [header.toLowerCase()]: value('wrong') };
    const refused = await ask('/auth/v1/projects/', { headers: wrong });
    expect([refused.status, await refused.json()]).toMatchObject([401, { code: 401 }]);
  });

  test('may write and read YAML', async () => {
    const { project, path, cluster } = await aCluster();
    const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
    const body = stringify(cluster);
    const applied = await ask(clustersOf(project), { method: 'POST', body, headers });
    expect([applied.status, (parse(await applied.text()) as Cluster).kind]).toEqual([
      200,
      'Cluster',
    ]);
    const read = await ask(path, { headers: { accept: 'application/yaml' } });
    expect((parse(await read.text()) as Cluster).spec).toEqual(cluster.spec);
    expect((await ok<Cluster>(path)).spec).toEqual(cluster.spec);
  });
});
