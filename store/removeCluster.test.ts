import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase } from '../test/store/testDatabase.js';
import type { TestDatabase } from '../test/store/testDatabase.js';
import { newId } from './newId.js';
import { removeCluster } from './removeCluster.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

/** A cluster with something in every collection. */
async function furnished(name: string): Promise<string> {
  const { id: clusterId } = (await applyTo(db.store)(name)).record;
  const tasksetId = newId();
  await db.store.nodes.upsert(clusterId, 'node-1', { spec: node(1) });
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, comments: '', operations: [], plan: [] },
    status: 'PROVISION_TASKSET_STATUS_INPROGRESS',
  });
  await db.store.logs.append({
    ...{ clusterId, tasksetId, operation: 'ClusterCreation', node: 'node-1', step: 'cni' },
    ...{ attempt: 1, offset: 1, lines: ['x'], at: '2026-01-01T00:00:00.000Z' },
  });
  await db.store.stepHistory.keep({ clusterId, tasksetId, operationIndex: 0 }, [
    { hostname: 'node-1', steps: {} },
  ]);
  await db.store.secrets.put(clusterId, 'kubeconfig', 'sealed');
  await db.store.hostKeys.pin({
    ...{ clusterId, hostname: 'node-1', key: 'k', fingerprint: 'f', source: 'spec' },
  });
  return clusterId;
}

/** Every document of the database in which the id appears. */
async function traces(clusterId: string): Promise<string[]> {
  const raw = db.client.db(db.database);
  const found: string[] = [];
  for (const { name } of await raw.listCollections().toArray()) {
    for (const document of await raw.collection(name).find().toArray()) {
      if (JSON.stringify(document).includes(clusterId)) found.push(name);
    }
  }
  return found.toSorted();
}

test('a removed cluster leaves no trace in any collection, and others are untouched', async () => {
  const [id, other] = [await furnished('goes'), await furnished('stays')];
  const before = await traces(other);
  expect(await traces(id)).toEqual([
    ...['clusters', 'hostKeys', 'logs', 'machines', 'nodes', 'secrets', 'stepHistory', 'tasksets'],
  ]);
  await db.store.clusters.remove(id);
  expect(await traces(id)).toEqual([]);
  expect(await traces(other)).toEqual(before);
  expect(await db.store.clusters.get(project, 'goes')).toBeUndefined();
});

test('a removal that dies half-way leaves the cluster, and its repetition ends it', async () => {
  const id = await furnished('halfway');
  const raw = db.client.db(db.database);
  const broken = new Proxy(raw, {
    get(target, property, receiver): unknown {
      if (property !== 'collection') return Reflect.get(target, property, receiver);
      return (name: string) => {
        if (name === 'secrets') throw new Error('the process died here');
        return target.collection(name);
      };
    },
  });
  await expect(removeCluster(broken, id)).rejects.toThrow('died here');
  expect(await traces(id)).toEqual(['clusters', 'machines', 'secrets']);
  await db.store.clusters.remove(id);
  expect(await traces(id)).toEqual([]);
});

test('removing what is gone is no error', async () => {
  await expect(db.store.clusters.remove('nobody1')).resolves.toBeUndefined();
});

test('children that are written while the cluster is removed do not survive it', async () => {
  const id = await furnished('raced');
  const writes = Array.from({ length: 30 }, (_, n) =>
    db.store.nodes.upsert(id, `late-${String(n)}`, { spec: node(n) }),
  );
  await Promise.all([db.store.clusters.remove(id), ...writes]);
  expect(await traces(id)).toEqual([]);
});
