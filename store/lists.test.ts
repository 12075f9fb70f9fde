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
  [{ common: [3] as const }, 'project_1_name_1'],
  [{ common: [1, 2] as const, deleting: false }, 'project_1_name_1'],
])('a list of clusters by %j walks the index %s', async (page, index) => {
  await applyTo(db.store)('indexed');
  const { filter, after, hint } = clusterQuery(project, { limit: 10, ...page });
  const query = { filter: { ...filter, ...after }, ...(hint === undefined ? {} : { hint }) };
  expect(await indexOf('clusters', query)).toBe(index);
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
