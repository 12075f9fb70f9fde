import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { ShardKeeper } from './shardKeeper.js';

const LEASE_MS = 15_000;

let db: TestDatabase;
/** Of each watcher a clock of its own: nobody's says anything of another's. */
let clocks: Map<string, number>;
let fenced: [owner: string, shard: number, generation: number][];

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  clocks = new Map();
  fenced = [];
  const { client, database } = db;
  await client.db(database).collection('watchers').deleteMany({});
  await client
    .db(database)
    .collection('leases')
    .updateMany({}, { $set: { owner: '' } });
});

/** Whole milliseconds: the tests are about the very one in which a lease ends, and fractions do not add up to it. */
function keeper(owner: string, startsAt = Math.floor(Math.random() * 1e6)): ShardKeeper {
  clocks.set(owner, startsAt);
  return new ShardKeeper({
    ...{ leases: db.store.leases, owner, leaseMs: LEASE_MS },
    fence: async (shard, generation) => void fenced.push([owner, shard, generation]),
    now: () => clocks.get(owner) ?? 0,
  });
}

function pass(ms: number): void {
  for (const [owner, at] of clocks) clocks.set(owner, at + ms);
}

const shards = async () => (await db.store.leases.leases()).length;
const owners = async () => new Set((await db.store.leases.leases()).map(({ owner }) => owner));

/** That no shard is held by two. */
function expectDisjoint(...keepers: ShardKeeper[]): number {
  const all = keepers.flatMap((each) => [...each.held().keys()]);
  expect(new Set(all).size).toBe(all.length);
  return all.length;
}

describe('shards', () => {
  it('are all of the only watcher, each fenced before it is held', async () => {
    const a = keeper('a');
    await a.tick();
    expect(a.held().size).toBe(await shards());
    expect(new Map(fenced.map(([, shard, generation]) => [shard, generation]))).toEqual(a.held());
  });

  it('are shared evenly with one that comes, and with a third', async () => {
    const [a, b, c] = [keeper('a'), keeper('b'), keeper('c')];
    await a.tick();
    for (const each of [b, a, b]) await each.tick();
    expect(expectDisjoint(a, b)).toBe(await shards());
    expect(Math.abs(a.held().size - b.held().size)).toBeLessThanOrEqual(1);
    for (const each of [c, a, b, c]) await each.tick();
    expect(expectDisjoint(a, b, c)).toBe(await shards());
    for (const each of [a, b, c]) expect(each.held().size).toBeGreaterThanOrEqual(20);
  });

  it('of a watcher that stops are free at once', async () => {
    const [a, b] = [keeper('a'), keeper('b')];
    for (const each of [a, b, a, b]) await each.tick();
    await a.stop();
    await b.tick();
    expect(b.held().size).toBe(await shards());
    expect(a.held().size).toBe(0);
  });

  it('of one that is killed go to another once its beat has stood still for a lease, not before', async () => {
    const [a, b] = [keeper('a'), keeper('b')];
    for (const each of [a, b, a, b]) await each.tick();
    const own = b.held().size;
    const before = new Map(a.held());
    pass(LEASE_MS - 1);
    await b.tick();
    expect(b.held().size).toBe(own);
    pass(1);
    // By its own clock it knows that it may be taken for dead.
    expect(a.held().size).toBe(0);
    await b.tick();
    expect(b.held().size).toBe(await shards());
    expect(await owners()).toEqual(new Set(['b']));
    for (const [shard, generation] of before) expect(b.held().get(shard)).toBe(generation + 1);
  });

  it('are not held by one that was away for a lease and comes back, until it has some again', async () => {
    const [a, b] = [keeper('a'), keeper('b')];
    for (const each of [a, b, a, b]) await each.tick();
    pass(LEASE_MS);
    await b.tick();
    await a.tick();
    expectDisjoint(a, b);
    for (const each of [b, a]) await each.tick();
    expect(expectDisjoint(a, b)).toBe(await shards());
    expect(a.held().size).toBeGreaterThan(0);
  });

  it('whose fence could not be set are taken anew by the same watcher', async () => {
    let broken = true;
    clocks.set('a', 0);
    const a = new ShardKeeper({
      ...{ leases: db.store.leases, owner: 'a', leaseMs: LEASE_MS, now: () => 0 },
      fence: () => (broken ? Promise.reject(new Error('no database')) : Promise.resolve()),
    });
    await expect(a.tick()).rejects.toThrow('no database');
    expect(a.held().size).toBe(0);
    broken = false;
    await a.tick();
    expect(a.held().size).toBe(await shards());
  });

  it('go to one of two that reach for them at once', async () => {
    const all = ['a', 'b', 'c'].map((name) => keeper(name));
    await Promise.all(all.map((each) => each.tick()));
    expectDisjoint(...all);
    for (const each of [...all, ...all]) await each.tick();
    expect(expectDisjoint(...all)).toBe(await shards());
  });
});

it('a watcher that is long dead is forgotten', async () => {
  const [a, b] = [keeper('a'), keeper('b')];
  for (const each of [a, b]) await each.tick();
  for (let lease = 0; lease < 11; lease++) {
    pass(LEASE_MS);
    await b.tick();
  }
  await expect.poll(async () => [...(await db.store.leases.beats()).keys()]).toEqual(['b']);
});
