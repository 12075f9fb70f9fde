import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { plan } from '../core/plan.js';
import { appliedState } from '../core/appliedState.js';
import { OperationName } from '../core/words.js';
import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { orphanNode } from './orphanNode.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test('an orphaned node stays listed, is asked for nothing, and stands in the audit trail once', async () => {
  const { record } = await applyTo(db.store)('orphans');
  const spec = node(9);
  await db.store.nodes.upsert(record.id, 'm9', {
    ...{ spec, status: 'DELETING', claimed: true, joined: true, leaving: true },
  });
  const ref = {
    ...{ project, name: 'orphans', clusterId: record.id, generation: 1, tasksetId: 'taskset' },
    ...{ operation: OperationName.NodeRemoval, operationIndex: 0, hostname: 'm9' },
  };
  const deps = { store: db.store } as unknown as ActivityDeps;
  await orphanNode(deps, { ...ref, reason: 'm9 cannot be reached: no route' });
  const first = await db.store.nodes.get(record.id, 'm9');
  expect(first).toMatchObject({
    ...{ status: 'ORPHANED', joined: false, claimed: true },
    orphaned: { reason: 'm9 cannot be reached: no route' },
  });
  // Temporal may run it again, cut off in the middle, too.
  const cutOff = {
    store: {
      audit: db.store.audit,
      nodes: { get: db.store.nodes.get, upsert: () => Promise.reject(new Error('cut off')) },
    },
  } as unknown as ActivityDeps;
  await expect(orphanNode(cutOff, { ...ref, hostname: 'm9', reason: 'x' })).rejects.toThrow();
  await orphanNode(deps, { ...ref, reason: 'm9 cannot be reached: no route' });
  expect((await db.store.nodes.get(record.id, 'm9'))?.orphaned).toEqual(first?.orphaned);
  const audit = await db.store.audit.list({ limit: 10, project, action: 'node.orphan' });
  expect(audit.items).toMatchObject([{ resource: 'clusters/orphans/nodes/m9', actor: 'force' }]);

  const desired = record.desired.spec;
  const nodes = [first!];
  const state = appliedState({ record, nodes });
  const created = { ...state, created: true, spec: desired, blueprint: desired.blueprint };
  const operations = plan(created, { spec: desired, deleting: false });
  expect(operations.flatMap(({ leave }) => leave)).not.toContain('m9');

  await orphanNode(deps, { ...ref, hostname: 'gone', reason: '' });
  expect(await db.store.nodes.get(record.id, 'gone')).toBeUndefined();
});
