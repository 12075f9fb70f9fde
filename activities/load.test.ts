import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ErrorCode } from '../core/errors.js';
import { TasksetStatus } from '../core/words.js';
import { applyTo, node } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { loadCluster, type NodesWanted } from './load.js';

let db: TestDatabase;
let deps: ActivityDeps;
let count = 0;
let clusterId: string;
const tasksetId = 'loading';

beforeAll(async () => {
  db = await openTestDatabase();
  deps = { store: db.store } as ActivityDeps;
}, 60_000);
afterAll(() => db.close());

/** Two control planes, one of which the spec has dropped, and three workers. */
beforeEach(async () => {
  const nodes = [1, 2, 3, 4].map((number) =>
    node(number, { roles: number === 1 ? ['ControlPlane'] : ['Worker'] }),
  );
  clusterId = (await applyTo(db.store)(`load-${String((count += 1))}`, nodes)).record.id;
  const dropped = node(5, { roles: ['ControlPlane'] });
  for (const spec of [...nodes, dropped]) {
    await db.store.nodes.upsert(clusterId, spec.hostname, { spec });
  }
});

const names = async (wanted: NodesWanted): Promise<string[]> =>
  (await loadCluster(deps, { clusterId, tasksetId }, wanted)).nodes.map(({ hostname }) => hostname);

describe('what an activity sees of a cluster', () => {
  it('are the nodes that it asks for, no others, each once, by name', async () => {
    expect(await names({})).toEqual([]);
    expect(await names({ hostnames: ['node-3'] })).toEqual(['node-3']);
    expect(await names({ controlPlanes: true })).toEqual(['node-1', 'node-5']);
    expect(await names({ hostnames: ['node-3', 'node-1'], controlPlanes: true })).toEqual([
      ...['node-1', 'node-3', 'node-5'],
    ]);
    expect(await names({ all: true })).toHaveLength(5);
  });

  it('is the spec that its taskset began with, at the version of the operation', async () => {
    const { record } = await loadCluster(deps, { clusterId, tasksetId }, {});
    const spec = { ...record.desired.spec, blueprint: { name: 'of-the-taskset' } };
    const id = `taskset-${String(count)}`;
    await db.store.tasksets.begin({
      ...{ id, clusterId, generation: 1, retries: 0, status: TasksetStatus.InProgress },
      ...{ comments: '', operations: [], plan: [], spec },
    });
    const ref = { clusterId, tasksetId: id, kubernetesVersion: 'v1.35.4' };
    const seen = (await loadCluster(deps, ref, {})).record.desired.spec;
    expect(seen.blueprint.name).toBe('of-the-taskset');
    expect(seen.config.kubernetesVersion).toBe('v1.35.4');
    const again = (await loadCluster(deps, { clusterId, tasksetId: id }, {})).record.desired.spec;
    expect(again.config.kubernetesVersion).toBe(spec.config.kubernetesVersion);
  });

  it('is nothing when its cluster is gone', async () => {
    const gone = loadCluster(deps, { clusterId: 'nobody0', tasksetId }, {});
    await expect(gone).rejects.toMatchObject({ code: ErrorCode.NotFound });
  });
});
