import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { openAsked } from '../../../core/askedOperations.js';
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

const record = async () => (await api.deps.store.clusters.get(project, 'demo'))!;
const created = async () =>
  api.deps.store.clusters.setApplied((await record()).id, { initialised: true, created: true });
const renew = (options = {}) => api.call('POST', `${path}/certificates/renew`, options);

test('queues a renewal, tells the workflow, and is audited; one that waits stands for the next', async () => {
  await created();
  const answer = await renew();
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ status: { commonStatus: { conditionStatus: 1 } } });
  const [asked] = openAsked((await record()).asked);
  expect(asked).toMatchObject({ kind: 'renew-certificates' });
  const { items } = await api.deps.store.audit.list({ limit: 5, project });
  expect(items[0]).toMatchObject({
    ...{ action: 'cluster.renew-certificates', summary: `renewal ${asked?.id ?? ''}` },
  });
  expect((await renew()).status).toBe(200);
  expect(openAsked((await record()).asked)).toHaveLength(1);
});

test('is refused before the cluster is there, while it goes, and by role', async () => {
  expect((await renew()).status).toBe(409);
  await created();
  const key = await api.key('viewer', project);
  expect((await renew({ key })).status).toBe(403);
  await api.call('DELETE', path);
  expect((await renew()).status).toBe(409);
});

test('a node tells when its certificates end, once they were read', async () => {
  const { id, desired } = await record();
  const spec = desired.spec.config.nodes[0]!;
  const nodes = async () =>
    ((await (await api.call('GET', `${path}/nodes`)).json()) as { items: object[] }).items;
  await api.deps.store.nodes.upsert(id, spec.hostname, { spec });
  expect((await nodes())[0]).not.toHaveProperty('certificates');
  const expiry = {
    ...{ expiresAt: '2027-11-26T06:00:00.000Z', first: 'etcd/server' },
    readAt: '2026-11-26T06:00:00.000Z',
  };
  await api.deps.store.certificates.record(id, spec.hostname, expiry);
  expect((await nodes())[0]).toMatchObject({ hostname: spec.hostname, certificates: expiry });
});
