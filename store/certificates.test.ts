import { afterAll, beforeAll, expect, test } from 'vitest';

import type { CertificateExpiry } from '../core/certificates.js';
import type { UpkeepKey } from '../core/upkeep.js';
import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
}, 120_000);
afterAll(() => db.close());

const expiry = (expiresAt: string, readAt = '2026-11-26T00:00:00.000Z'): CertificateExpiry => ({
  ...{ expiresAt, first: 'apiserver', readAt },
});

/** A created cluster with these nodes, of which certificates end then. */
async function cluster(name: string, ends: Record<string, string>): Promise<string> {
  const { id } = (await applyTo(db.store)(name)).record;
  await db.store.clusters.setApplied(id, { created: true });
  for (const [hostname, end] of Object.entries(ends)) {
    const spec = { ...node(1), hostname };
    await db.store.nodes.upsert(id, hostname, { spec, claimed: true, joined: true });
    await db.store.certificates.record(id, hostname, expiry(end));
  }
  return id;
}

async function dueBy(by: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  let after: UpkeepKey | undefined;
  do {
    const page = await db.store.certificates.due(new Date(by), {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return found;
}

test('clusters are due by the first certificate of any of their nodes, those that end first first', async () => {
  const late = await cluster('late', { a: '2030-03-01T00:00:00.000Z' });
  const soon = await cluster('soon', {
    a: '2030-06-01T00:00:00.000Z',
    b: '2030-01-05T00:00:00.000Z',
  });
  const first = await cluster('first', { a: '2030-01-01T00:00:00.000Z' });
  expect(await dueBy('2030-02-01T00:00:00.000Z', 10)).toEqual([first, soon]);
  expect(await dueBy('2030-04-01T00:00:00.000Z', 1)).toEqual([first, soon, late]);
  await db.store.certificates.record(
    first,
    'a',
    expiry('2031-01-01T00:00:00.000Z', '2026-11-27T00:00:00.000Z'),
  );
  expect(await dueBy('2030-02-01T00:00:00.000Z', 10)).toEqual([soon]);
});

test('who is not created, being deleted, half restored, or has left is not due', async () => {
  const end = { a: '2029-01-01T00:00:00.000Z' };
  const [half, going, fresh, left] = await Promise.all(
    ['half', 'going', 'fresh', 'left'].map((name) => cluster(`un-${name}`, end)),
  );
  await db.store.clusters.setApplied(half!, { restoring: { id: 'r', args: {} } });
  await db.store.clusters.markDeleting(project, 'un-going');
  await db.store.clusters.setApplied(fresh!, { created: false });
  await db.store.nodes.upsert(left!, 'a', { joined: false });
  expect(await dueBy('2029-06-01T00:00:00.000Z', 10)).toEqual([]);
  await db.store.clusters.setApplied(half!, { restoring: null });
  expect(await dueBy('2029-06-01T00:00:00.000Z', 10)).toEqual([half]);
  expect(going).toBeDefined();
});

test('what was read earlier never takes the place of what was read later, and makes no node', async () => {
  const id = await cluster('late-write', { a: '2028-01-01T00:00:00.000Z' });
  const old = expiry('2027-01-01T00:00:00.000Z', '2026-11-25T00:00:00.000Z');
  await db.store.certificates.record(id, 'a', old);
  expect((await db.store.nodes.get(id, 'a'))?.certificates?.expiresAt).toContain('2028');
  await db.store.certificates.record(id, 'gone', old);
  expect(await db.store.nodes.get(id, 'gone')).toBeUndefined();
});
