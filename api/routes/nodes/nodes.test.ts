import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

let api: TestApi;
let project: string;
let clusterId: string;
let path: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo/nodes`;
  await api.apply(project, 'demo');
  clusterId = (await api.deps.store.clusters.get(project, 'demo'))!.id;
});

const pinned = { key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:old' };

async function pinKey(): Promise<void> {
  await api.deps.store.hostKeys.pin({
    ...{ clusterId, hostname: 'm1', source: 'first-use' },
    ...pinned,
  });
}

async function seeOtherKey(): Promise<void> {
  await pinKey();
  await api.deps.store.hostKeys.notePending(clusterId, 'm1', 'ssh-ed25519 BBBB', 'SHA256:new');
}

const accept = (fingerprint: string, key?: string): Promise<Response> =>
  api.call('POST', `${path}/m1/accept-host-key`, {
    body: { fingerprint },
    ...(key === undefined ? {} : { key }),
  });

describe('list', () => {
  test('shows the nodes of the spec, what is known of them, and those that are leaving', async () => {
    const { store } = api.deps;
    const { desired } = (await store.clusters.get(project, 'demo'))!;
    const spec = desired.spec.config.nodes[0]!;
    await seeOtherKey();
    await store.nodes.upsert(clusterId, 'm1', {
      ...{ spec, status: 'FAILED', claimed: true, facts: { arch: 'amd64' } },
      lastError: { node: 'm1', step: 'packages', message: 'no space', exitCode: 1 },
    });
    await store.nodes.upsert(clusterId, 'gone', {
      spec: { ...spec, hostname: 'gone' },
      status: 'DELETING',
    });
    const { items } = (await (await api.call('GET', path)).json()) as { items: object[] };
    expect(items).toHaveLength(4);
    expect(items[0]).toMatchObject({
      ...{ hostname: 'm1', status: 'FAILED', leaving: false, claimed: true, joined: false },
      lastError: { message: 'no space', step: 'packages' },
      hostKey: { fingerprint: 'SHA256:old', pending: { fingerprint: 'SHA256:new' } },
      facts: { arch: 'amd64' },
    });
    expect(items[1]).toMatchObject({ hostname: 'm2', status: 'PENDING', steps: [] });
    expect(items[3]).toMatchObject({ hostname: 'gone', leaving: true });
  });
});

describe('accept-host-key', () => {
  test('trusts the key that the person names, and is in the audit log', async () => {
    await seeOtherKey();
    const answer = await accept('SHA256:new');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ fingerprint: 'SHA256:new', source: 'accepted' });
    const { items } = await api.deps.store.audit.list({ limit: 1, offset: 0, project });
    expect(items[0]).toMatchObject({ action: 'node.accept-host-key', summary: 'SHA256:new' });
  });

  test('of another key than the one that was seen is 409 and trusts nothing', async () => {
    await seeOtherKey();
    expect((await accept('SHA256:other')).status).toBe(409);
    expect((await api.deps.store.hostKeys.get(clusterId, 'm1'))?.fingerprint).toBe('SHA256:old');
  });

  test('of a key that has not changed is 409', async () => {
    await pinKey();
    expect((await accept('SHA256:old')).status).toBe(409);
  });

  test('of a machine that was never seen is 404', async () => {
    expect((await accept('SHA256:new')).status).toBe(404);
  });

  test('of a key that the spec pins is 409: the spec is where it is changed', async () => {
    await api.apply(project, 'pinned', (cluster) => {
      cluster.spec.config.nodes[0]!.ssh!.hostKey =
        'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA';
    });
    const answer = await api.call(
      'POST',
      `${clustersOf(project)}/pinned/nodes/m1/accept-host-key`,
      { body: { fingerprint: 'SHA256:new' } },
    );
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('ssh.hostKey');
  });

  test.each([{}, { fingerprint: 1 }, { fingerprint: 'x', more: true }])(
    'refuses %j',
    async (body) => {
      const answer = await api.call('POST', `${path}/m1/accept-host-key`, { body });
      expect(answer.status).toBe(400);
    },
  );

  test('is for operators', async () => {
    await seeOtherKey();
    expect((await accept('SHA256:new', await api.key('viewer', project))).status).toBe(403);
    expect((await api.deps.store.hostKeys.get(clusterId, 'm1'))?.fingerprint).toBe('SHA256:old');
  });
});

describe("a bastion's host key", () => {
  const BASTION = 'bastion:203.0.113.7:22';
  beforeEach(async () => {
    await api.apply(project, 'behind', (cluster) => {
      cluster.spec.config.ssh = {
        ...cluster.spec.config.ssh,
        bastion: { ipAddress: '203.0.113.7' },
      };
    });
    clusterId = (await api.deps.store.clusters.get(project, 'behind'))!.id;
    path = `${clustersOf(project)}/behind/nodes`;
    const { hostKeys } = api.deps.store;
    await hostKeys.pin({ clusterId, hostname: BASTION, source: 'first-use', ...pinned });
    await hostKeys.notePending(clusterId, BASTION, 'ssh-ed25519 CCCC', 'SHA256:jump');
  });

  test('is shown with the nodes behind it', async () => {
    const { items } = (await (await api.call('GET', path)).json()) as { items: object[] };
    expect(items[0]).toMatchObject({
      bastionHostKey: { fingerprint: 'SHA256:old', pending: { fingerprint: 'SHA256:jump' } },
    });
    expect(items[0]).not.toHaveProperty('hostKey');
  });

  test('is accepted by its fingerprint, for all nodes behind it, and audited as the bastion’s', async () => {
    const answer = await accept('SHA256:jump');
    expect(await answer.json()).toMatchObject({ fingerprint: 'SHA256:jump', source: 'accepted' });
    expect(await api.deps.store.hostKeys.get(clusterId, 'm1')).toBeUndefined();
    const { items } = await api.deps.store.audit.list({ limit: 1, offset: 0, project });
    expect(items[0]).toMatchObject({
      action: 'node.accept-host-key',
      summary: 'the bastion 203.0.113.7 of m1: SHA256:jump',
    });
  });
});
