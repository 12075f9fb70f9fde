import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import type { AuditRecord } from '../../store/auditStore.js';
import { fixtureBundle } from '../fixtures/bundle.js';
import { clustersOf, openTestApi, uniqueCluster, type TestApi } from './openTestApi.js';
import { testKey } from '../ssh/keys.js';
import { takeWork } from '../../activities/tasksets.js';
import type { ActivityDeps } from '../../activities/deps.js';

const SYSTEM = '/apis/system.k8smgmt.io/v3';
let api: TestApi;
let site = 0;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function auditOf(project: string): Promise<AuditRecord[]> {
  const answer = await api.call('GET', `${SYSTEM}/audit?project=${project}&limit=1000`);
  return ((await answer.json()) as { items: AuditRecord[] }).items;
}

async function ok(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await api.call(method, path, { body, headers: { 'x-request-id': 'req-1' } });
  const text = await answer.text();
  expect([path, answer.status, answer.ok ? '' : text]).toEqual([path, answer.status, '']);
  return text === '' ? undefined : JSON.parse(text);
}

/** The worker begins what is asked of a cluster. */
async function begin(project: string, tasksetId: string): Promise<void> {
  const { store, vault, log } = api.deps;
  const source = { catalog: fixtureBundle('v1.34.4') };
  const deps = { store, vault, log, source } as unknown as ActivityDeps;
  expect(await takeWork(deps, { project, name: 'demo', tasksetId })).toMatchObject({ tasksetId });
}

async function aProject(): Promise<{ project: string; path: string; cluster: Cluster }> {
  const project = await api.project();
  site += 1;
  const cluster = uniqueCluster(project, 'demo', site);
  return { project, path: `${clustersOf(project)}/demo`, cluster };
}

describe('the audit trail', () => {
  test('has a row for every kind of change: who, when, what', async () => {
    const { project, path, cluster } = await aProject();
    const credentials = clustersOf(project).replace(/clusters$/, 'credentials');
    const { privateKey } = testKey();
    await ok('POST', credentials, { metadata: { name: 'fleet' }, spec: { privateKey } });
    await ok('POST', credentials, { metadata: { name: 'fleet' }, spec: { username: 'ops' } });
    await ok('DELETE', `${credentials}/fleet`);
    await ok('POST', clustersOf(project), cluster);
    await ok('POST', path.replace(/demo$/, ''), cluster);
    await ok('GET', `${path}/installercmds`);
    await ok('POST', `${path}/installercmds`);
    await ok('GET', `${path}/installercmds`);
    await ok('DELETE', `${path}/installercmds`);
    const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
    await api.deps.store.clusters.setCommonStatus(id, {
      ...{ conditionStatus: 3, reason: 'm1: preflight: port 6443 is taken' },
      ...{ sequence: 1, generation: 1 },
    });
    await ok('POST', `${path}/retry`);
    api.workflows.running.add(`${project}/demo`);
    await ok('POST', `${path}/cancel`);
    const body = { name: 'ci', role: 'viewer', project };
    const key = (await ok('POST', `${SYSTEM}/apikeys`, body)) as { id: string };
    await ok('DELETE', `${SYSTEM}/apikeys/${key.id}`);
    await ok('DELETE', path);

    const records = (await auditOf(project)).toReversed();
    expect(records.map(({ action, resource, summary }) => [action, resource, summary])).toEqual([
      ['credential.create', 'credentials/fleet', expect.stringMatching(/^ssh-ed25519 SHA256:/)],
      ['credential.update', 'credentials/fleet', expect.stringMatching(/^ssh-ed25519 SHA256:/)],
      ['credential.delete', 'credentials/fleet', 'credential fleet'],
      ['cluster.create', 'clusters/demo', 'generation 1: 3 nodes, Kubernetes v1.34.4'],
      ['cluster.apply', 'clusters/demo', 'nothing changed'],
      ['installercmds.create', 'clusters/demo', expect.stringContaining('good until')],
      ['installercmds.create', 'clusters/demo', expect.stringContaining('good until')],
      ['installercmds.read', 'clusters/demo', expect.stringContaining('good until')],
      ['installercmds.revoke', 'clusters/demo', '2 revoked'],
      ['cluster.retry', 'clusters/demo', 'm1: preflight: port 6443 is taken'],
      ['cluster.cancel', 'clusters/demo', 'asked to stop'],
      ['apikey.create', `apikeys/${key.id}`, 'ci, viewer'],
      ['apikey.revoke', `apikeys/${key.id}`, 'ci'],
      ['cluster.delete', 'clusters/demo', `cluster ${id}`],
    ]);
    for (const record of records) {
      expect(record).toMatchObject({ project, requestId: 'req-1' });
      expect(record.actor).toMatch(/^admin key \([0-9a-f-]{36}\)$/);
      expect(Math.abs(Date.now() - Date.parse(record.at))).toBeLessThan(60_000);
    }
  });

  test('has a row for a new project', async () => {
    await ok('POST', `${SYSTEM}/projects`, { metadata: { name: 'audited' } });
    const summary = expect.stringMatching(/^project \w{7}$/) as string;
    expect(await auditOf('audited')).toMatchObject([
      { action: 'project.create', resource: 'projects/audited', requestId: 'req-1', summary },
    ]);
  });

  test('says which paths an apply changed, and never a value', async () => {
    const { project, cluster } = await aProject();
    const { proxy, config } = cluster.spec;
    expect(proxy).toBeUndefined();
    await ok('POST', clustersOf(project), cluster);
    config.nodes[1]!.labels = { app: 'a-planted-value' };
    config.location = 'a-planted-value';
    config.nodes.reverse();
    await ok('POST', clustersOf(project), cluster);
    cluster.spec.proxy = {
      ...{ enabled: true, httpProxy: 'http://proxy:3128', proxyAuth: 'me:a-planted-value' },
    };
    await ok('POST', clustersOf(project), cluster);
    const records = await auditOf(project);
    expect(records.map(({ summary }) => summary)).toEqual([
      'generation 3: spec.proxy, passphrases or proxyAuth',
      'generation 2: spec.config.location, spec.config.nodes["m2"].labels',
      'generation 1: 3 nodes, Kubernetes v1.34.4',
    ]);
    expect(JSON.stringify(records)).not.toContain('planted-value');
  });

  test('names the taskset that a change led to: of several that it does at once, for each', async () => {
    const { project, path, cluster } = await aProject();
    await ok('POST', clustersOf(project), cluster);
    cluster.spec.config.location = 'here';
    await ok('POST', clustersOf(project), cluster);
    expect((await auditOf(project)).map(({ tasksetId }) => tasksetId)).toEqual([
      undefined,
      undefined,
    ]);
    await begin(project, 'first00');
    await ok('POST', clustersOf(project), cluster);
    await ok('DELETE', path);
    const asked = (await auditOf(project)).map(({ action, tasksetId }) => [action, tasksetId]);
    expect(asked).toEqual([
      ['cluster.delete', undefined],
      ['cluster.apply', undefined],
      ['cluster.apply', 'first00'],
      ['cluster.create', 'first00'],
    ]);
    await api.deps.store.audit.noteTaskset('second0', {
      clusterId: (await api.deps.store.clusters.get(project, 'demo'))!.id,
      ...{ generation: 2, retries: 0 },
    });
    const [deleted, unchanged, ...others] = await auditOf(project);
    expect([deleted?.tasksetId, unchanged?.tasksetId]).toEqual(['second0', undefined]);
    expect(others.map(({ tasksetId }) => tasksetId)).toEqual(['first00', 'first00']);
    expect(JSON.stringify(deleted)).not.toContain('work');
  });
});
