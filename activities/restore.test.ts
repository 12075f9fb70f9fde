import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { NodeTask } from '../core/plan.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import type { RestoreContext } from '../machine/steps/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import type { ActivityDeps } from './deps.js';
import { loadCluster } from './load.js';
import type { StepRef } from './refs.js';
import { beginRestore, restoreContext } from './restore.js';

const NODES = [node(1, { roles: ['ControlPlane'] }), node(2, { roles: ['ControlPlane'] }), node(3)];

let db: TestDatabase;
let deps: ActivityDeps;
let name: string;
let clusterId: string;
let count = 0;

beforeAll(async () => {
  db = await openTestDatabase();
  deps = stepDeps(db.store, () => ({}));
}, 120_000);
afterAll(() => db.close());

beforeEach(async () => {
  count += 1;
  name = `restore-${String(count)}`;
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, NODES), secretsHash: 'h' },
  });
  clusterId = record.id;
  for (const spec of NODES) {
    await db.store.nodes.upsert(clusterId, spec.hostname, { spec, claimed: true, joined: true });
  }
});

let tasksets = 0;

/** A taskset that restores the snapshot s1 to `leader`. */
async function restoring(leader: string, id = 'r1'): Promise<StepRef> {
  tasksets += 1;
  const tasksetId = `t${String(tasksets).padStart(6, '0')}`;
  const nodes = NODES.map(({ hostname, roles }): NodeTask => {
    if (hostname === leader) return { hostname, path: 'restore-leader' };
    const isControlPlane = roles.includes('ControlPlane');
    return { hostname, path: isControlPlane ? 'restore-control-plane' : 'restore-worker' };
  });
  const operation = {
    ...{ name: OperationName.ClusterRestore, reason: 'asked for', nodes, leave: [] },
    ...{ clusterSteps: [], asked: { id, args: { snapshot: 's1' } } },
  };
  await db.store.tasksets.begin({
    ...{ id: tasksetId, clusterId, generation: 1, status: TasksetStatus.InProgress, comments: '' },
    ...{ operations: [], plan: [operation] },
  });
  return {
    ...{ project, name, clusterId, generation: 1, tasksetId },
    ...{ operation: OperationName.ClusterRestore, operationIndex: 0 },
    ...{ hostname: leader, step: 'kubernetes-stop' },
  };
}

async function contextOf(ref: StepRef): Promise<RestoreContext> {
  const loaded = await loadCluster(deps, ref, { all: true });
  return restoreContext(deps, { ref, loaded, on: NODES[0]! });
}

async function begun(leader: string, id?: string): Promise<string> {
  const ref = await restoring(leader, id);
  await beginRestore(deps, ref);
  return (await contextOf(ref)).turn;
}

describe('the turn that marks what a restore has done on machines', () => {
  it('stays what it is while the same machine gets the data', async () => {
    const first = await begun('node-1');
    expect(await begun('node-1')).toBe(first);
  });

  it('is another one where another machine gets it: one that was emptied has no data', async () => {
    const first = await begun('node-1');
    const second = await begun('node-2');
    expect(second).not.toBe(first);
    // What the others have joined meanwhile was the second one's.
    const third = await begun('node-1');
    expect([first, second]).not.toContain(third);
  });

  it('is another one of another restore', async () => {
    expect(await begun('node-1')).not.toBe(await begun('node-1', 'r2'));
  });

  it('is its id while the taskset of an older plinth is under way, and a fresh one after that', async () => {
    const args = { snapshot: 's1' };
    await db.store.clusters.setApplied(clusterId, { restoring: { id: 'r1', args } });
    expect((await contextOf(await restoring('node-1'))).turn).toBe('r1');
    expect(await begun('node-1')).not.toBe('r1');
  });
});
