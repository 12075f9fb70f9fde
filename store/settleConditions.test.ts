import type { Collection } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { fulfilledConditions, withCondition } from '../core/conditions.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import { applyTo } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { settleConditions } from './settleConditions.js';

let db: TestDatabase;
let clusters: Collection<ClusterDocument>;
beforeAll(async () => {
  db = await openTestDatabase();
  clusters = db.client.db(db.database).collection(CollectionName.clusters);
});
afterAll(() => db.close());

const good = fulfilledConditions([], '2026-11-26T06:00:00.000Z');
const dead = { status: ConditionStatus.False, reason: 'node-2 is not Ready' };
const withDead = withCondition(good, { type: ConditionType.Ready, ...dead }, 'then');

/** The collection, in which a watcher finds the node alive again between the first read and the write. */
function overtaken(clusterId: string): { collection: Collection<ClusterDocument>; reads: number } {
  const seen = { collection: clusters, reads: 0 };
  seen.collection = new Proxy(clusters, {
    get(target, name) {
      if (name === 'findOne') {
        return async (...args: Parameters<typeof target.findOne>) => {
          const found = await target.findOne(...args);
          seen.reads += 1;
          if (seen.reads === 1) {
            const set = { $set: { conditions: good }, $unset: { judged: 1 } } as const;
            await target.updateOne({ _id: clusterId }, set);
          }
          return found;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return seen;
}

test('what a watcher writes in between is not written over', async () => {
  const { record } = await applyTo(db.store)('overtaken');
  const judged = { sequence: 1, reason: dead.reason };
  await clusters.updateOne({ _id: record.id }, { $set: { conditions: withDead, judged } });
  const seen = overtaken(record.id);
  expect(await settleConditions(seen.collection, record.id)).toBe(false);
  expect(seen.reads).toBe(2);
  expect((await db.store.clusters.getById(record.id))?.conditions).toEqual(good);
});

test('a cluster that is gone has none', async () => {
  expect(await settleConditions(clusters, 'gone')).toBe(false);
});
