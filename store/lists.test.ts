import type { Document, Filter } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { applyTo, desired, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';
import { auditQuery } from './audit.js';
import { clusterQuery } from './clusterList.js';
import { createStore } from './store.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

/** Of the index that a query walks; undefined where it looks at every document. */
async function indexOf(
  collection: string,
  { filter, hint }: { filter: object; hint?: string },
): Promise<string | undefined> {
  const plan = await db.client
    .db(db.database)
    .collection(collection)
    .find(filter as Filter<Document>, hint === undefined ? {} : { hint })
    .explain('queryPlanner');
  return /"stage":"IXSCAN".*?"indexName":"([^"]+)"/.exec(JSON.stringify(plan))?.[1];
}

const IN = { key: 'env', operator: 'in', values: ['prod'] } as const;
const NOT_IN = { key: 'env', operator: 'notIn', values: ['prod'] } as const;
const EXISTS = { key: 'env', operator: 'exists', values: [] } as const;
const ABSENT = { key: 'env', operator: 'absent', values: [] } as const;
const COMMON = 'project_1_commonStatus.conditionStatus_1_deleting_1_name_1';
const DONE = 'CLUSTER_PROVISION_COMPLETE';

test.each([
  [{}, 'project_1_name_1'],
  [{ after: 'm' }, 'project_1_name_1'],
  [{ name: { exact: 'a' } }, 'project_1_name_1'],
  [{ name: { prefix: 'a' } }, 'project_1_name_1'],
  [{ status: [DONE] as const }, 'project_1_provisionStatus_1_name_1'],
  [{ status: [DONE, 'INFRA_CREATION_FAILED'] as const }, 'project_1_provisionStatus_1_name_1'],
  [{ labels: [IN] }, 'project_1_labelTerms_1_name_1'],
  [{ labels: [EXISTS] }, 'project_1_labelTerms_1_name_1'],
  [{ labels: [NOT_IN, EXISTS] }, 'project_1_labelTerms_1_name_1'],
  [{ labels: [IN], status: [DONE] as const }, 'project_1_labelTerms_1_name_1'],
  [{ labels: [ABSENT] }, 'project_1_name_1'],
  [{ labels: [NOT_IN], status: [DONE] as const }, 'project_1_provisionStatus_1_name_1'],
  [{ common: [3] as const }, COMMON],
  [{ common: [0, 1] as const, deleting: false }, COMMON],
  [{ common: [2] as const, deleting: false, after: 'm' }, COMMON],
  [{ common: [3] as const, labels: [ABSENT] }, COMMON],
  [{ common: [3] as const, labels: [IN] }, 'project_1_labelTerms_1_name_1'],
  [{ deleting: true }, 'project_1_deleting_1_name_1'],
  [{ deleting: true, name: { prefix: 'a' } }, 'project_1_deleting_1_name_1'],
])('a list of clusters by %j walks the index %s', async (page, index) => {
  await applyTo(db.store)('indexed');
  const { filter, after, hint } = clusterQuery(project, { limit: 10, ...page });
  const query = { filter: { ...filter, ...after }, ...(hint === undefined ? {} : { hint }) };
  expect(await indexOf('clusters', query)).toBe(index);
});

test('clusters by how they stand come by name, page by page, those that are being deleted among them', async () => {
  const { clusters } = db.store;
  const states = { b: 3, d: 2, a: 3, e: 3, c: 1, f: 1 } as const;
  for (const [name, conditionStatus] of Object.entries(states)) {
    await applyTo(db.store)(`state-${name}`);
    if (name === 'b' || name === 'f') await clusters.markDeleting(project, `state-${name}`);
    const { id, generation } = (await clusters.get(project, `state-${name}`))!;
    const set = { conditionStatus, reason: '', sequence: 1, generation };
    await clusters.setCommonStatus(id, set);
  }
  const named = async (page: Partial<Parameters<typeof clusters.list>[1]>) => {
    const name = { prefix: 'state-' };
    const { items, count, more } = await clusters.list(project, { limit: 2, name, ...page });
    return [items.map((one) => one.name.slice(-1)).join(''), count, more];
  };
  expect(await named({ common: [3] })).toEqual(['ab', 3, true]);
  expect(await named({ common: [3], after: 'state-b' })).toEqual(['e', 3, false]);
  expect(await named({ common: [2, 1], deleting: false })).toEqual(['cd', 2, false]);
  expect(await named({ common: [0, 1], after: 'state-b' })).toEqual(['cf', 2, false]);
  expect(await named({ deleting: true })).toEqual(['bf', 2, false]);
  expect(await named({ deleting: false, after: 'state-c' })).toEqual(['de', 4, false]);
});

test.each([
  [{}, 'at_-1__id_-1'],
  [{ project: 'p' }, 'project_1_at_-1__id_-1'],
  [{ action: 'a' }, 'action_1_at_-1__id_-1'],
  [{ resource: { exact: 'clusters/a' } }, 'resource_1_at_-1__id_-1'],
  [{ resource: { prefix: 'clusters/' }, project: 'p' }, 'resource_1_at_-1__id_-1'],
])('a list of the audit by %j is hinted to the index %s', async (filters, index) => {
  const indexes = await db.client.db(db.database).collection('audit').indexes();
  expect(indexes.map(({ name }) => name)).toContain(auditQuery(filters).hint);
  expect(auditQuery(filters).hint).toBe(index);
});

test('clusters that were stored before labels were indexed are found by them after the next start', async () => {
  await applyTo(db.store)('old');
  const collection = db.client.db(db.database).collection<{ name: string }>('clusters');
  await collection.updateOne({ name: 'old' }, { $unset: { labelTerms: true } });
  const [[key, value] = ['', '']] = Object.entries(desired('old').metadata.labels ?? {});
  const labels = [{ key, operator: 'in', values: [value] }] as const;
  const find = async (store: TestDatabase['store']) =>
    (await store.clusters.list(project, { limit: 10, name: { exact: 'old' }, labels })).count;
  expect(await find(db.store)).toBe(0);
  const later = await createStore({ uri: db.uri, database: db.database });
  expect(await find(later)).toBe(1);
  await later.close();
});
