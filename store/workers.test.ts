import { afterAll, beforeAll, expect, test } from 'vitest';

import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
}, 60_000);
afterAll(() => db.close());

const holds = (version: string) => ({ kubernetes: [{ version, arch: 'amd64' as const }] });
const documents = () =>
  db.client.db(db.database).collection<{ _id: string; seenAt: Date }>('workers');

async function lastSeen(id: string, minutesAgo: number): Promise<void> {
  const { localTime } = await db.client.db(db.database).command({ hello: 1 });
  const seenAt = new Date((localTime as Date).getTime() - minutesAgo * 60_000);
  await documents().updateOne({ _id: id }, { $set: { seenAt } });
}

test('a worker counts while it says that it lives, and one that is long gone does not', async () => {
  const { workers } = db.store;
  await workers.beat('a', holds('v1.34.4'));
  await workers.beat('b', {});
  expect(await workers.live()).toEqual([holds('v1.34.4'), {}]);
  await workers.beat('a', holds('v1.35.4'));
  expect(await workers.live()).toEqual([holds('v1.35.4'), {}]);

  await lastSeen('b', 3);
  expect(await workers.live()).toEqual([holds('v1.35.4')]);
  await workers.beat('b', {});
  expect(await workers.live()).toHaveLength(2);

  await workers.forget('a');
  expect(await workers.live()).toEqual([{}]);
});

test('of who was killed nothing is left after a day', async () => {
  const { workers } = db.store;
  await workers.beat('killed', {});
  await lastSeen('killed', 25 * 60);
  await workers.beat('b', {});
  expect(await documents().countDocuments({ _id: 'killed' })).toBe(0);
});
