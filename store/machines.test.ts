import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { applyTo, desired, node, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
let apply: ReturnType<typeof applyTo>;
beforeAll(async () => {
  db = await openTestDatabase();
  apply = applyTo(db.store);
});
afterAll(() => db.close());

const other = { project: 'elsewhere', name: 'mine' };
const find = (endpoints: string[], except = other) =>
  db.store.clusters.findByAddress(endpoints, except);

test('a machine that another cluster names is found with who holds it', async () => {
  await apply('holder', [node(11), node(12)]);
  expect(await find(['10.0.0.12:22', '10.0.0.99:22'])).toEqual([
    { project, name: 'holder', hostname: 'node-12', endpoint: '10.0.0.12:22' },
  ]);
});

test('a cluster does not stand in its own way', async () => {
  await apply('self', [node(21)]);
  expect(await find(['10.0.0.21:22'], { project, name: 'self' })).toEqual([]);
});

test('the same name in another project is another cluster', async () => {
  await apply('namesake', [node(31)]);
  expect(await find(['10.0.0.31:22'], { project: 'p2', name: 'namesake' })).toHaveLength(1);
});

test('the ssh port and the bastion are part of the address', async () => {
  const spec = desired('ports', [node(41, { ssh: { port: '2222' } }), node(42)]);
  spec.spec.config.ssh = { bastion: { ipAddress: '192.0.2.1' } };
  await db.store.clusters.apply({ project, name: 'ports', desired: spec, secretsHash: 'h' });
  const found = await find([
    ...['10.0.0.41:22', '10.0.0.42:22'],
    ...['10.0.0.41:2222 via 192.0.2.1:22', '10.0.0.42:22 via 192.0.2.1:22'],
  ]);
  expect(found.map(({ hostname }) => hostname)).toEqual(['node-41', 'node-42']);
});

test('a machine that left the spec unclaimed is free at once', async () => {
  await apply('shrinks', [node(51), node(52)]);
  await apply('shrinks', [node(51)]);
  expect(await find(['10.0.0.52:22'])).toEqual([]);
});

test('a machine that left the spec but is not clean is held until it is forgotten', async () => {
  const { record } = await apply('cleans', [node(61), node(62)]);
  await db.store.nodes.upsert(record.id, 'node-62', { spec: node(62), claimed: true });
  await apply('cleans', [node(61)]);
  expect(await find(['10.0.0.62:22'])).toEqual([
    { project, name: 'cleans', hostname: 'node-62', endpoint: '10.0.0.62:22' },
  ]);
  await db.store.nodes.remove(record.id, 'node-62');
  expect(await find(['10.0.0.62:22'])).toEqual([]);
});

test('a cluster being deleted holds its machines until it is removed', async () => {
  const { record } = await apply('deleted', [node(71)]);
  await db.store.clusters.markDeleting(project, 'deleted');
  expect(await find(['10.0.0.71:22'])).toHaveLength(1);
  await db.store.clusters.remove(record.id);
  expect(await find(['10.0.0.71:22'])).toEqual([]);
});

test('a thousand addresses are looked up in one call', async () => {
  const nodes = Array.from({ length: 1000 }, (_, n) =>
    node(n, { privateIP: `10.9.${String(n >> 8)}.${String(n & 255)}` }),
  );
  await apply('huge', nodes);
  const found = await find(nodes.map(({ privateIP }) => `${privateIP}:22`));
  expect(found).toHaveLength(1000);
});
