import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { openAsked } from '../../../core/askedOperations.js';
import type { SnapshotRecord } from '../../../store/snapshotStore.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

let api: TestApi;
let project: string;
let path: string;
let clusterId: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo`;
  await api.apply(project, 'demo');
  clusterId = (await record()).id;
});

const record = async () => (await api.deps.store.clusters.get(project, 'demo'))!;
const created = (kubernetesVersion = 'v1.34.4') =>
  api.deps.store.clusters.setApplied(clusterId, {
    ...{ initialised: true, created: true, kubernetesVersion },
  });

async function kept(id: string, set: Partial<SnapshotRecord> = {}): Promise<void> {
  const { snapshots, secrets } = api.deps.store;
  await snapshots.begin({
    ...{ id, clusterId, createdAt: '2026-11-25T10:00:00.000Z', node: 'm1' },
    ...{ kubernetesVersion: 'v1.34.2', size: 9, sha256: 'aa', packedSize: 4, packedSha256: 'bb' },
    ...{ chunks: 1, revision: '42', ...set },
  });
  await secrets.put(clusterId, `snapshot:${id}`, 'sealed');
  await snapshots.complete(clusterId, id);
}

describe('the list', () => {
  test('has what can be restored, newest first, by pages, and nothing of where it lies', async () => {
    await kept('older');
    await kept('newer', { createdAt: '2026-11-25T11:00:00.000Z' });
    const answer = await api.call('GET', `${path}/snapshots?limit=1`);
    expect(answer.status).toBe(200);
    const page = (await answer.json()) as { metadata: { continue: string }; items: object[] };
    expect(page.items).toEqual([
      {
        ...{ id: 'newer', createdAt: '2026-11-25T11:00:00.000Z', node: 'm1' },
        ...{ kubernetesVersion: 'v1.34.2', etcdRevision: '42', size: 9, storedSize: 4 },
        sha256: 'aa',
      },
    ]);
    const next = await api.call(
      'GET',
      `${path}/snapshots?limit=1&continue=${page.metadata.continue}`,
    );
    expect(await next.json()).toMatchObject({ items: [{ id: 'older' }] });
  });
});

describe('taking one', () => {
  test('queues it, tells the workflow, and is audited', async () => {
    await created();
    const answer = await api.call('POST', `${path}/snapshots`);
    expect(answer.status).toBe(200);
    const { id } = (await answer.json()) as { id: string };
    expect(openAsked((await record()).asked)).toMatchObject([{ id, kind: 'snapshot' }]);
    expect((await record()).commonStatus.conditionStatus).toBe(1);
    const { items } = await api.deps.store.audit.list({ limit: 5, project });
    expect(items[0]).toMatchObject({ action: 'cluster.snapshot', summary: `snapshot ${id}` });
    const again = (await (await api.call('POST', `${path}/snapshots`)).json()) as { id: string };
    expect(again.id, 'the one that waits').toBe(id);
  });

  test('is refused for a cluster that is not there yet, and by role', async () => {
    expect((await api.call('POST', `${path}/snapshots`)).status).toBe(409);
    const key = await api.key('viewer', project);
    expect((await api.call('POST', `${path}/snapshots`, { key })).status).toBe(403);
  });
});

describe('a restore', () => {
  const restore = (body: object) => api.call('POST', `${path}/restore`, { body });

  test('queues it and is audited', async () => {
    await created();
    await kept('s1');
    const answer = await restore({ snapshot: 's1' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: { commonStatus: { conditionStatus: 1 } } });
    expect(openAsked((await record()).asked)).toMatchObject([
      { kind: 'restore', args: { snapshot: 's1' } },
    ]);
    const { items } = await api.deps.store.audit.list({ limit: 5, project });
    expect(items[0]).toMatchObject({ action: 'cluster.restore' });
  });

  test('refuses what is not there, not whole, or of another minor', async () => {
    await created();
    expect((await restore({ snapshot: 'none' })).status).toBe(404);
    await kept('old', { kubernetesVersion: 'v1.33.1' });
    const answer = await restore({ snapshot: 'old' });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('v1.33.1');
    const { createdAt: _at, ...half } = {
      ...(await api.deps.store.snapshots.get(clusterId, 'old'))!,
    };
    await api.deps.store.snapshots.begin({ ...half, id: 'half', createdAt: '2026' });
    expect((await restore({ snapshot: 'half' })).status).toBe(404);
  });

  test('says all that is wrong with its body', async () => {
    const answer = await restore({ snapshots: 's1' });
    expect(answer.status).toBe(400);
    const { details } = (await answer.json()) as { details: { path: string }[] };
    expect(details.map((problem) => problem.path).toSorted()).toEqual(['snapshot', 'snapshots']);
  });
});

describe('deleting one', () => {
  test('takes it away with its keys', async () => {
    await kept('s1');
    expect((await api.call('DELETE', `${path}/snapshots/s1`)).status).toBe(200);
    expect((await api.call('DELETE', `${path}/snapshots/s1`)).status).toBe(404);
    expect(await api.deps.store.secrets.get(clusterId, 'snapshot:s1')).toBeUndefined();
  });

  test('is refused while the cluster is restored from it', async () => {
    await created();
    await kept('s1');
    await api.call('POST', `${path}/restore`, { body: { snapshot: 's1' } });
    expect((await api.call('DELETE', `${path}/snapshots/s1`)).status).toBe(409);
  });

  test('is refused while a retry would restore from it, and not once that is given up', async () => {
    await created();
    await kept('s1');
    await api.call('POST', `${path}/restore`, { body: { snapshot: 's1' } });
    const [asked] = openAsked((await record()).asked);
    const { clusters } = api.deps.store;
    await clusters.takeAsked(clusterId, { ids: [asked!.id], tasksetId: 't1' });
    await clusters.endAsked(clusterId, { tasksetId: 't1', done: [], well: false });
    const answer = await api.call('DELETE', `${path}/snapshots/s1`);
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('s1, or was to be: a retry');
    await clusters.endAsked(clusterId, { tasksetId: 't2', done: [], well: true });
    expect((await api.call('DELETE', `${path}/snapshots/s1`)).status).toBe(200);
  });
});
