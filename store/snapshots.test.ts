import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { SNAPSHOT_ANNOTATIONS } from '../core/snapshotPolicy.js';
import { applyTo, desired, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';
import type { SnapshotRecord } from './snapshotStore.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const record = (clusterId: string, id: string, set: Partial<SnapshotRecord> = {}) => ({
  ...{ id, clusterId, createdAt: '2026-11-25T10:00:00.000Z', node: 'm1' },
  ...{ kubernetesVersion: 'v1.34.4', size: 9, sha256: 'a', packedSize: 4, packedSha256: 'b' },
  ...{ chunks: 2, ...set },
});
const cluster = async (name: string): Promise<string> => (await applyTo(db.store)(name)).record.id;

test('chunks come back as they were, and are counted', async () => {
  const id = await cluster('chunks');
  const { snapshots } = db.store;
  await snapshots.begin(record(id, 's1'));
  const chunks = [randomBytes(900_000), randomBytes(10)];
  for (const [index, sealed] of chunks.entries()) {
    await snapshots.putChunk(id, 's1', { index, sealed });
    await snapshots.putChunk(id, 's1', { index, sealed });
  }
  expect(await snapshots.chunkCount(id, 's1')).toBe(2);
  expect((await snapshots.getChunk(id, 's1', 0))?.equals(chunks[0]!)).toBe(true);
  expect((await snapshots.getChunk(id, 's1', 1))?.equals(chunks[1]!)).toBe(true);
  expect(await snapshots.getChunk(id, 's1', 2)).toBeUndefined();
});

test('one that is begun again goes on, unless its bytes are others', async () => {
  const id = await cluster('again');
  const { snapshots } = db.store;
  await snapshots.begin(record(id, 's1'));
  await snapshots.putChunk(id, 's1', { index: 0, sealed: Buffer.from('x') });
  await snapshots.begin(record(id, 's1'));
  expect(await snapshots.chunkCount(id, 's1')).toBe(1);
  await snapshots.begin(record(id, 's1', { packedSha256: 'other' }));
  expect(await snapshots.chunkCount(id, 's1')).toBe(0);
});

test('a list has what is complete only, newest first, by pages', async () => {
  const id = await cluster('listed');
  const { snapshots } = db.store;
  for (const [n, hour] of ['08', '10', '09', '10'].entries()) {
    await snapshots.begin(
      record(id, `s${String(n)}`, { createdAt: `2026-11-25T${hour}:00:00.000Z` }),
    );
    await snapshots.complete(id, `s${String(n)}`);
  }
  await snapshots.begin(record(id, 'half', { createdAt: '2026-11-25T11:00:00.000Z' }));
  const first = await snapshots.list(id, { limit: 2 });
  expect(first).toMatchObject({ count: 4, more: true });
  expect(first.items.map((of) => of.id)).toEqual(['s3', 's1']);
  const rest = await snapshots.list(id, { limit: 9, after: first.items[1]! });
  expect(rest.items.map((of) => of.id)).toEqual(['s2', 's0']);
  expect((await snapshots.all(id)).map((of) => of.id)).toEqual(['half', 's3', 's1', 's2', 's0']);
});

test('goes whole, and with its cluster', async () => {
  const id = await cluster('gone');
  const { snapshots } = db.store;
  for (const of of ['s1', 's2']) {
    await snapshots.begin(record(id, of));
    await snapshots.putChunk(id, of, { index: 0, sealed: Buffer.from('x') });
  }
  expect(await snapshots.remove(id, 's1')).toBe(true);
  expect(await snapshots.remove(id, 's1')).toBe(false);
  expect(await snapshots.chunkCount(id, 's1')).toBe(0);
  await db.store.clusters.remove(id);
  expect(await snapshots.all(id)).toEqual([]);
  expect(await snapshots.chunkCount(id, 's2')).toBe(0);
  await expect(snapshots.begin(record(id, 's3'))).rejects.toMatchObject({ code: 'NotFound' });
  expect(await snapshots.all(id)).toEqual([]);
});

test('clusters are due by their own policy, those that waited longest first, page by page', async () => {
  const now = new Date('2027-01-01T12:00:00.000Z');
  const made = async (name: string, every?: string, last?: string): Promise<string> => {
    const of = desired(name);
    if (every !== undefined) {
      of.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: every };
    }
    const id = (await db.store.clusters.apply({ project, name, desired: of, secretsHash: 'h' }))
      .record.id;
    await db.store.clusters.setApplied(id, { created: true });
    if (last !== undefined) await db.store.clusters.noteSnapshot(id, last);
    return id;
  };
  const never = await made('due-never-taken');
  const old = await made('due-old', undefined, '2027-01-01T05:00:00.000Z');
  const often = await made('due-often', '1', '2027-01-01T10:30:00.000Z');
  await made('due-later', undefined, '2027-01-01T07:00:00.000Z');
  await made('due-off', '0');
  await cluster('due-not-created');
  const going = await made('due-going');
  await db.store.clusters.markDeleting(project, 'due-going');
  const seen: string[] = [];
  let after: { dueAt: string; id: string } | undefined;
  do {
    const page = await db.store.clusters.snapshotsDue(now, {
      limit: 1,
      ...(after === undefined ? {} : { after }),
    });
    seen.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  expect(seen).not.toContain(going);
  expect(seen).toEqual([never, old, often]);
  await db.store.clusters.noteSnapshot(old, '2027-01-01T11:59:00.000Z');
  await db.store.clusters.noteSnapshot(old, '2027-01-01T01:00:00.000Z');
  const left = await db.store.clusters.snapshotsDue(now, { limit: 10 });
  expect(left.items.map(({ id }) => id)).toEqual([never, often]);
});

test('another policy moves when the next one is due', async () => {
  const name = 'due-moved';
  const { id } = (await applyTo(db.store)(name)).record;
  await db.store.clusters.setApplied(id, { created: true });
  await db.store.clusters.noteSnapshot(id, '2028-01-01T00:00:00.000Z');
  const due = async (at: string) =>
    (await db.store.clusters.snapshotsDue(new Date(at), { limit: 100 })).items.some(
      (of) => of.id === id,
    );
  expect(await due('2028-01-01T02:00:00.000Z')).toBe(false);
  const often = desired(name);
  often.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: '1' };
  await db.store.clusters.apply({ project, name, desired: often, secretsHash: 'h' });
  expect(await due('2028-01-01T02:00:00.000Z')).toBe(true);
});
