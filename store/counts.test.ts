import { afterAll, beforeAll, expect, test } from 'vitest';

import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test('clusters and nodes are counted by their states, over all projects', async () => {
  const { clusters, counts, nodes } = db.store;
  expect([await counts.clusters(), await counts.nodes()]).toEqual([[], []]);
  const apply = applyTo(db.store);
  for (const name of ['one', 'two', 'three']) await apply(name);
  const { id } = (await clusters.get(project, 'two'))!;
  await clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
  await clusters.markDeleting(project, 'three');
  await nodes.upsert(id, 'node-1', { spec: node(1), status: 'READY' });
  await nodes.upsert(id, 'node-2', { spec: node(2), status: 'READY' });
  await nodes.upsert(id, 'node-3', { spec: node(3) });

  const ofClusters = await counts.clusters();
  expect(ofClusters).toHaveLength(2);
  expect(ofClusters).toEqual(
    expect.arrayContaining([
      { status: 'CLUSTER_PROVISION_NOT_STARTED', applied: 1, count: 2 },
      { status: 'CLUSTER_PROVISION_COMPLETE', applied: 1, count: 1 },
    ]),
  );
  const ofNodes = await counts.nodes();
  expect(ofNodes).toHaveLength(2);
  expect(ofNodes).toEqual(
    expect.arrayContaining([
      { status: 'READY', count: 2 },
      { status: 'PENDING', count: 1 },
    ]),
  );
});

test('control planes are counted that were not read for long, or never', async () => {
  const { certificates, clusters, counts, nodes } = db.store;
  const since = new Date('2026-11-25T06:00:00.000Z');
  const before = await counts.unreadCertificates(since);
  const { id } = (await clusters.get(project, 'two'))!;
  const readAt = { old: '2026-11-25T05:59:59.000Z', fresh: '2026-11-25T06:00:00.000Z' };
  for (const hostname of ['never', 'old', 'fresh', 'away', 'leaving']) {
    const spec = { ...node(4, { roles: ['ControlPlane'] }), hostname };
    await nodes.upsert(id, hostname, {
      ...{ spec, joined: hostname !== 'away', leaving: hostname === 'leaving' },
    });
  }
  const worker = { ...node(5, { roles: ['Worker'] }), hostname: 'worker' };
  await nodes.upsert(id, 'worker', { spec: worker, joined: true });
  for (const [hostname, at] of Object.entries(readAt)) {
    const expiry = { expiresAt: '2027-01-01T00:00:00.000Z', first: 'apiserver', readAt: at };
    await certificates.record(id, hostname, expiry);
  }
  expect((await counts.unreadCertificates(since)) - before).toBe(2);
});

test.each([
  ['clusters', 'provisionStatus_1_commonStatus.conditionStatus_1'],
  ['nodes', 'status_1'],
  ['nodes', 'controlPlane_1_joined_1_certificates.readAt_1'],
])('%s are counted by the index %s', async (collection, index) => {
  const found = await db.client.db(db.database).collection(collection).indexes();
  expect(found.map(({ name }) => name)).toContain(index);
});
