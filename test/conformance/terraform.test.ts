import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { newApp } from '../../api/app.js';
import { serve, type ApiServer } from '../../api/server.js';
import { createClusterWorkflows } from '../../api/workflows.js';
import type { Cluster } from '../../core/cluster.js';
import { startTemporal } from '../../embedded/temporal.js';
import { clustersOf, openTestApi, uniqueCluster, type TestApi } from '../api/openTestApi.js';

/**
 * The Terraform resource's own sequences over a real socket, with the real database and a real Temporal where no
 * worker polls: what a worker would record is written by the test.
 */
let api: TestApi;
let temporal: Awaited<ReturnType<typeof startTemporal>>;
let client: Client;
let server: ApiServer;
let dataDir: string;
let site = 100;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-conformance-'));
  temporal = await startTemporal({ dataDir, host: '127.0.0.1' });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  api = await openTestApi();
  const workflows = createClusterWorkflows(client);
  server = await serve(newApp({ ...api.deps, workflows }), { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop();
  await api.close();
  await client.connection.close();
  await temporal.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** What signing clients send beside the key. */
const SIGNED = { date: '1763886218', nonce: 'n0nce', 'content-md5': 'AAAA' };

async function ask(
  path: string,
  { headers, ...init }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(server.url + path, {
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

async function conclude(project: string, conditionStatus: 2 | 3, reason: string): Promise<void> {
  const { clusters } = api.deps.store;
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
    const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
    await api.deps.store.clusters.remove(id);
    expect((await ask(path)).status).toBe(404);
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

  test('shows why an apply failed', async () => {
    const { project, path, cluster } = await aCluster();
    await apply(project, cluster);
    await conclude(project, 3, 'ap-node1: preflight: port 6443 is taken');
    expect(await poll(path)).toEqual([3, 'ap-node1: preflight: port 6443 is taken']);
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
