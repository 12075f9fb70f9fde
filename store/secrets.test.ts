import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import { applyTo } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const past = (): Date => new Date(Date.now() - 1);
const future = (): Date => new Date(Date.now() + 3_600_000);

test('the last value put is the one that is read', async () => {
  await db.store.secrets.put('p/c', 'ssh:node-1', 'one');
  await db.store.secrets.put('p/c', 'ssh:node-1', 'two', { expiresAt: future() });
  expect(await db.store.secrets.get('p/c', 'ssh:node-1')).toBe('two');
  expect(await db.store.secrets.get('p/c', 'ssh:node-2')).toBeUndefined();
  expect(await db.store.secrets.get('p/d', 'ssh:node-1')).toBeUndefined();
});

test('a value past its time reads as absent', async () => {
  await db.store.secrets.put('p/c', 'token', 'stale', { expiresAt: past() });
  expect(await db.store.secrets.get('p/c', 'token')).toBeUndefined();
});

test('a value put without a time does not inherit that of the one before', async () => {
  await db.store.secrets.put('p/c', 'timed', 'short', { expiresAt: past() });
  await db.store.secrets.put('p/c', 'timed', 'lasting');
  expect(await db.store.secrets.get('p/c', 'timed')).toBe('lasting');
});

test('the database itself clears expired values away by an index', async () => {
  const indexes = await db.client.db(db.database).collection('secrets').indexes();
  expect(indexes).toContainEqual(
    expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }),
  );
});

test('of many first values at once one is kept and all are told which', async () => {
  const told = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      db.store.secrets.putIfAbsent('p/c', 'once', `value-${String(n)}`),
    ),
  );
  expect(new Set(told).size).toBe(1);
  expect(await db.store.secrets.get('p/c', 'once')).toBe(told[0]);
});

test('an expired value does not stand in the way of a first one', async () => {
  await db.store.secrets.put('p/c', 'expired', 'stale', { expiresAt: past() });
  expect(await db.store.secrets.putIfAbsent('p/c', 'expired', 'fresh')).toBe('fresh');
  expect(await db.store.secrets.get('p/c', 'expired')).toBe('fresh');
});

test('one name or all of an owner are removed, and of no other owner', async () => {
  for (const name of ['a', 'b']) await db.store.secrets.put('p/gone', name, 's');
  await db.store.secrets.put('p/gone-not', 'a', 's');
  await db.store.secrets.remove('p/gone', 'a');
  expect(await db.store.secrets.get('p/gone', 'a')).toBeUndefined();
  expect(await db.store.secrets.get('p/gone', 'b')).toBe('s');
  await db.store.secrets.remove('p/gone');
  expect(await db.store.secrets.get('p/gone', 'b')).toBeUndefined();
  expect(await db.store.secrets.get('p/gone-not', 'a')).toBe('s');
});

test('after a new master key every value is sealed under it, and a second time none is left', async () => {
  const old = randomBytes(32);
  const before = createVault({ masterKey: old });
  for (const name of ['r1', 'r2', 'r3']) {
    await db.store.secrets.put('p/rotated', name, before.seal('p/rotated', name));
  }
  const after = createVault({ masterKey: [randomBytes(32), old] });
  const reseal = (owner: string, sealed: string): string =>
    owner === 'p/rotated' ? after.reseal(owner, sealed) : sealed;
  expect(await db.store.secrets.rewrite(reseal)).toMatchObject({ changed: 3, failed: [] });
  const stored = (await db.store.secrets.get('p/rotated', 'r2')) ?? '';
  expect(stored).toContain(after.keyId);
  expect(after.open('p/rotated', stored)).toBe('r2');
  expect(await db.store.secrets.rewrite(reseal)).toMatchObject({ changed: 0, failed: [] });
});

test('rewriting goes page by page, and on from where it was left', async () => {
  for (const name of ['a', 'b', 'c']) await db.store.secrets.put('p/paged', name, 'old');
  const change = (owner: string, sealed: string): string => (owner === 'p/paged' ? 'new' : sealed);
  const before = 'p/paged#';
  const first = await db.store.secrets.rewrite(change, { after: before, limit: 2 });
  expect(first).toEqual({ checked: 2, changed: 2, failed: [], next: 'p/paged#b' });
  expect(await db.store.secrets.get('p/paged', 'c')).toBe('old');
  const rest = await db.store.secrets.rewrite(change, { after: first.next! });
  expect(rest.changed).toBe(1);
  expect(rest.next).toBeUndefined();
  expect(await db.store.secrets.get('p/paged', 'c')).toBe('new');
});

test('a value that cannot be rewritten stays, is told, and keeps no other one back', async () => {
  for (const name of ['a', 'b']) await db.store.secrets.put('p/torn', name, name);
  const result = await db.store.secrets.rewrite((owner, sealed) => {
    if (owner !== 'p/torn') return sealed;
    if (sealed === 'a') throw new AppError(ErrorCode.Internal, 'it does not open');
    return 'new';
  });
  expect(result.failed).toEqual([{ owner: 'p/torn', name: 'a', message: 'it does not open' }]);
  expect(await db.store.secrets.get('p/torn', 'a')).toBe('a');
  expect(await db.store.secrets.get('p/torn', 'b')).toBe('new');
});

async function pinned(name: string): Promise<string> {
  const { id } = (await applyTo(db.store)(name)).record;
  await db.store.hostKeys.pin({
    ...{ clusterId: id, hostname: 'node-1', key: 'k1', fingerprint: 'SHA256:1' },
    source: 'first-use',
  });
  return id;
}

test('the first host key that is pinned stays, whoever comes at once', async () => {
  const clusterId = (await applyTo(db.store)('pins')).record.id;
  const told = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      db.store.hostKeys.pin({
        ...{ clusterId, hostname: 'node-1', key: `k${String(n)}`, source: 'first-use' },
        fingerprint: `SHA256:${String(n)}`,
      }),
    ),
  );
  expect(new Set(told.map(({ key }) => key)).size).toBe(1);
  expect(await db.store.hostKeys.get(clusterId, 'node-1')).toEqual(told[0]);
});

test('a changed host key waits beside the pinned one until a person accepts it', async () => {
  const id = await pinned('changed');
  await db.store.hostKeys.notePending(id, 'node-1', 'k2', 'SHA256:2');
  expect(await db.store.hostKeys.get(id, 'node-1')).toMatchObject({
    ...{ key: 'k1', pending: { key: 'k2', fingerprint: 'SHA256:2' } },
  });
  expect(await db.store.hostKeys.accept(id, 'node-1')).toBe(true);
  const accepted = await db.store.hostKeys.get(id, 'node-1');
  expect(accepted).toMatchObject({ key: 'k2', fingerprint: 'SHA256:2', source: 'accepted' });
  expect(accepted?.pending).toBeUndefined();
});

test('nothing pending is nothing to accept', async () => {
  const id = await pinned('calm');
  expect(await db.store.hostKeys.accept(id, 'node-1')).toBe(false);
  expect(await db.store.hostKeys.accept(id, 'node-9')).toBe(false);
});

test('the pinned host key seen again is not pending', async () => {
  const id = await pinned('seen');
  await db.store.hostKeys.notePending(id, 'node-1', 'k1', 'SHA256:1');
  expect((await db.store.hostKeys.get(id, 'node-1'))?.pending).toBeUndefined();
});

test('host keys are listed by hostname, and removed one by one or all', async () => {
  const id = await pinned('listed');
  for (const hostname of ['node-3', 'node-2']) {
    await db.store.hostKeys.pin({
      ...{ clusterId: id, hostname, key: 'k', fingerprint: 'f', source: 'spec' },
    });
  }
  const names = async (): Promise<string[]> =>
    (await db.store.hostKeys.list(id)).map(({ hostname }) => hostname);
  expect(await names()).toEqual(['node-1', 'node-2', 'node-3']);
  await db.store.hostKeys.remove(id, 'node-2');
  expect(await names()).toEqual(['node-1', 'node-3']);
  await db.store.hostKeys.remove(id);
  expect(await names()).toEqual([]);
});
