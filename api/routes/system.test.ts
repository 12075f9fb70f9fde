import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ApiError } from '../http/apiError.js';
import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const PROJECTS = '/apis/system.k8smgmt.io/v3/projects';
const KEYS = '/apis/system.k8smgmt.io/v3/apikeys';
const AUDIT = '/apis/system.k8smgmt.io/v3/audit';

interface List<T> {
  items: T[];
}

describe('projects', () => {
  test('are made by name and can be used at once', async () => {
    const body = { metadata: { name: 'team-a', description: 'A' } };
    const answer = await api.call('POST', PROJECTS, { body });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      ...{ apiVersion: 'system.k8smgmt.io/v3', kind: 'Project', metadata: body.metadata },
      spec: { default: false },
    });
    expect((await api.call('GET', clustersOf('team-a'))).status).toBe(200);
    const one = await api.call('GET', `${PROJECTS}/team-a`);
    expect(await one.json()).toMatchObject({ metadata: { name: 'team-a' } });
  });

  test('of a name that is taken are 409', async () => {
    const body = { metadata: { name: 'defaultproject' } };
    expect((await api.call('POST', PROJECTS, { body })).status).toBe(409);
  });

  test.each([
    [{}, 'metadata'],
    [{ metadata: { name: 'Upper' } }, 'metadata.name'],
    [{ metadata: { name: 'a/b' } }, 'metadata.name'],
    [{ metadata: { name: 'ok' }, more: 1 }, 'more'],
    [{ metadata: { name: 'ok', extra: 1 } }, 'metadata.extra'],
  ])('%j are refused at %s', async (body, path) => {
    const answer = await api.call('POST', PROJECTS, { body });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as ApiError).details.map((problem) => problem.path)).toEqual([
      path,
    ]);
  });

  test('are made by keys of admins for every project only', async () => {
    const body = { metadata: { name: 'nobody' } };
    for (const key of [await api.key('operator'), await api.key('admin', 'defaultproject')]) {
      expect((await api.call('POST', PROJECTS, { key, body })).status).toBe(403);
    }
    expect(await api.deps.store.projects.get('nobody')).toBeUndefined();
  });

  test('that a key is for are all it sees, in v3 and in v1', async () => {
    const name = await api.project();
    const key = await api.key('viewer', name);
    const v3 = (await (await api.call('GET', PROJECTS, { key })).json()) as List<{
      metadata: { name: string };
    }>;
    expect(v3.items.map((item) => item.metadata.name)).toEqual([name]);
    const v1 = await api.call('GET', '/auth/v1/projects/', { key });
    expect(await v1.json()).toMatchObject({ count: 1, results: [{ name }] });
    const other = await api.call('GET', '/auth/v1/projects/?name=defaultproject', { key });
    expect(await other.json()).toMatchObject({ count: 0, results: [] });
    const foreign = await api.deps.store.projects.get('defaultproject');
    const byId = await api.call('GET', `/auth/v1/projects/${foreign!.id}/`, { key });
    expect(byId.status).toBe(403);
    expect((await api.call('GET', `${PROJECTS}/defaultproject`, { key })).status).toBe(403);
  });
});

describe('v1 edges', () => {
  test('of another project, or of none, are 404', async () => {
    const one = await api.deps.store.projects.get(await api.project());
    const two = await api.project();
    await api.apply(two, 'demo');
    const record = (await api.deps.store.clusters.get(two, 'demo'))!;
    const edges = `/edge/v1/projects/${one!.id}/edges`;
    expect((await api.call('GET', `${edges}/${record.id}/`)).status).toBe(404);
    expect((await api.call('GET', '/edge/v1/projects/none/edges/')).status).toBe(404);
    const list = await api.call('GET', `${edges}/?name=demo`);
    expect(await list.json()).toMatchObject({ count: 0, results: [] });
  });

  test('are listed with their count', async () => {
    const project = await api.deps.store.projects.get(await api.project());
    await api.apply(project!.name, 'one');
    await api.apply(project!.name, 'two');
    const list = await api.call('GET', `/edge/v1/projects/${project!.id}/edges/?limit=1`);
    expect(await list.json()).toMatchObject({ count: 2, results: [{ name: 'one' }] });
  });
});

describe('API keys', () => {
  test('are shown once, open what their role opens, and are kept as a hash', async () => {
    const body = { name: 'ci', role: 'operator', project: 'defaultproject' };
    const answer = await api.call('POST', KEYS, { body });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const made = (await answer.json()) as { id: string; key: string };
    expect(made).toMatchObject(body);
    expect(made.key).toMatch(/^plinth_[\w-]{43}$/);
    const list = await (await api.call('GET', KEYS)).text();
    expect(list).toContain(made.id);
    expect(list).not.toContain(made.key);
    expect(list).not.toContain('hash');
    const used = await api.call('GET', clustersOf('defaultproject'), { key: made.key });
    expect(used.status).toBe(200);
    expect((await api.call('DELETE', `${KEYS}/${made.id}`)).status).toBe(200);
    const after = await api.call('GET', clustersOf('defaultproject'), { key: made.key });
    expect(after.status).toBe(401);
  });

  test.each([
    [{ role: 'viewer' }, 'name'],
    [{ name: 'a', role: 'root' }, 'role'],
    [{ name: 'a', role: 'viewer', project: 'nowhere' }, 'project'],
    [{ name: 'a', role: 'viewer', key: 'mine' }, 'key'],
  ])('%j are refused at %s', async (body, path) => {
    const answer = await api.call('POST', KEYS, { body });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as ApiError).details[0]?.path).toBe(path);
  });

  test("of a project's admin are for that project, and so is what it sees and revokes", async () => {
    const project = await api.project();
    const key = await api.key('admin', project);
    const body = { name: 'wide', role: 'viewer' };
    expect((await api.call('POST', KEYS, { key, body })).status).toBe(403);
    const own = await api.call('POST', KEYS, { key, body: { ...body, project } });
    expect(own.status).toBe(200);
    const { items } = (await (await api.call('GET', KEYS, { key })).json()) as List<{
      project?: string;
    }>;
    expect(new Set(items.map((item) => item.project))).toEqual(new Set([project]));
    type Key = { id: string; project?: string };
    const all = (await (await api.call('GET', KEYS)).json()) as List<Key>;
    const admin = all.items.find((item) => item.project === undefined)!;
    expect((await api.call('DELETE', `${KEYS}/${admin.id}`, { key })).status).toBe(404);
    expect((await api.call('GET', KEYS)).status).toBe(200);
  });

  test.each(['viewer', 'operator'] as const)('are not for a %s', async (role) => {
    const key = await api.key(role);
    const body = { name: 'more', role: 'admin' };
    expect((await api.call('GET', KEYS, { key })).status).toBe(403);
    expect((await api.call('POST', KEYS, { key, body })).status).toBe(403);
    expect((await api.call('DELETE', `${KEYS}/x`, { key })).status).toBe(403);
  });

  test('that are not there cannot be revoked', async () => {
    expect((await api.call('DELETE', `${KEYS}/none`)).status).toBe(404);
  });
});

describe('the audit log', () => {
  test('says who did what, newest first, and names the request', async () => {
    const project = await api.project();
    await api.apply(project, 'demo');
    const path = `${clustersOf(project)}/demo`;
    await api.call('DELETE', path, { headers: { 'x-request-id': 'req-delete' } });
    const answer = await api.call('GET', `${AUDIT}?project=${project}`);
    const { items } = (await answer.json()) as List<object>;
    expect(items).toMatchObject([
      {
        ...{ action: 'cluster.delete', resource: 'clusters/demo', requestId: 'req-delete' },
        actor: expect.stringContaining('admin key'),
      },
      { action: 'cluster.create' },
    ]);
  });

  test('of other projects is closed to a key of one', async () => {
    const project = await api.project();
    const key = await api.key('admin', project);
    expect((await api.call('GET', `${AUDIT}?project=defaultproject`, { key })).status).toBe(403);
    const own = (await (await api.call('GET', AUDIT, { key })).json()) as List<object>;
    expect(own.items).toEqual([]);
  });

  test('is for admins', async () => {
    expect((await api.call('GET', AUDIT, { key: await api.key('operator') })).status).toBe(403);
  });
});
