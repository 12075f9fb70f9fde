import { afterAll, beforeAll, expect, test } from 'vitest';

import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

test('a session is there until it is removed', async () => {
  const { sessions } = db.store;
  const made = await sessions.create({ id: 'a', keyId: 'k', expiresAt: inAnHour() });
  expect(await sessions.get('a')).toEqual(made);
  expect(made).toMatchObject({ id: 'a', keyId: 'k' });
  await sessions.remove('a');
  expect(await sessions.get('a')).toBeUndefined();
  await sessions.remove('a');
});

test('one that has expired reads as absent at once, and is cleared away by the database', async () => {
  await db.store.sessions.create({ id: 'old', keyId: 'k', expiresAt: new Date(Date.now() - 1) });
  expect(await db.store.sessions.get('old')).toBeUndefined();
  const indexes = await db.client.db(db.database).collection('sessions').indexes();
  expect(indexes).toContainEqual(
    expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }),
  );
});

test('two do not have one id', async () => {
  const session = { id: 'one', keyId: 'k', expiresAt: inAnHour() };
  await db.store.sessions.create(session);
  await expect(db.store.sessions.create({ ...session, keyId: 'other' })).rejects.toThrow();
  expect((await db.store.sessions.get('one'))?.keyId).toBe('k');
});
