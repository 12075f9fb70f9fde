import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Cluster } from '../../../core/cluster.js';
import { proxyAuthFor } from '../../../core/proxyAuth.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import type { ApiError } from '../../http/apiError.js';

const AUTH = 'me:planted-proxy-password';

let api: TestApi;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
});

const withProxy =
  (proxyAuth?: string, httpProxy = 'http://proxy.example:3128') =>
  ({ spec }: Cluster): void => {
    spec.proxy = { enabled: true, httpProxy, ...(proxyAuth === undefined ? {} : { proxyAuth }) };
  };

/** What a step on a machine would be given. */
async function sealed(): Promise<string | undefined> {
  const { store, vault } = api.deps;
  const record = await store.clusters.get(project, 'demo');
  const text = await store.secrets.get(`${project}/demo`, 'proxy-auth');
  if (text === undefined) return undefined;
  expect(text).not.toContain('planted');
  return proxyAuthFor(record!.desired.spec.proxy!, vault.open(`${project}/demo`, text));
}

async function readBack(): Promise<Cluster> {
  const answer = await api.call('GET', `${clustersOf(project)}/demo`);
  return (await answer.json()) as Cluster;
}

describe("a proxy's password", () => {
  test('is sealed, and never answered nor logged', async () => {
    const answer = await api.apply(project, 'demo', withProxy(AUTH));
    expect(answer.status).toBe(200);
    expect(await sealed()).toBe(AUTH);
    const shown = (await answer.text()) + JSON.stringify(await readBack()) + api.logged.join('');
    expect(shown).not.toContain('planted-proxy-password');
    const record = await api.deps.store.clusters.get(project, 'demo');
    expect(JSON.stringify(record)).not.toContain('planted-proxy-password');
  });

  test('is kept when what a GET gave is posted back, which is no change', async () => {
    await api.apply(project, 'demo', withProxy(AUTH));
    const again = await api.call('POST', clustersOf(project), { body: await readBack() });
    expect(again.status).toBe(200);
    expect(await sealed()).toBe(AUTH);
    expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(1);
  });

  test('that changes is a change', async () => {
    await api.apply(project, 'demo', withProxy(AUTH));
    const body = await readBack();
    body.spec.proxy!.proxyAuth = 'me:newer';
    expect((await api.call('POST', clustersOf(project), { body })).status).toBe(200);
    expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(2);
    expect(await sealed()).toBe('me:newer');
  });

  test('is not for a proxy at another address', async () => {
    await api.apply(project, 'demo', withProxy(AUTH));
    const body = await readBack();
    body.spec.proxy!.httpProxy = 'http://evil.example:3128';
    expect((await api.call('POST', clustersOf(project), { body })).status).toBe(200);
    expect(await sealed()).toBeUndefined();
  });

  test('that the machines have cannot become another', async () => {
    await api.apply(project, 'demo', withProxy(AUTH));
    const { clusters } = api.deps.store;
    const { id } = (await clusters.get(project, 'demo'))!;
    await clusters.setApplied(id, { initialised: true });
    const body = await readBack();
    body.spec.proxy!.proxyAuth = 'me:newer';
    const answer = await api.call('POST', clustersOf(project), { body });
    expect(answer.status).toBe(400);
    const { details } = (await answer.json()) as ApiError;
    expect(details).toEqual([
      { path: 'spec.proxy.proxyAuth', message: expect.stringContaining('cannot become another') },
    ]);
    expect(await sealed()).toBe(AUTH);
  });
});
