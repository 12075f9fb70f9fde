import { createHash } from 'node:crypto';

import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ErrorCode } from '../core/errors.js';
import type { NodeTask } from '../core/plan.js';
import { OperationName, TasksetStatus } from '../core/words.js';
import type { RestoreContext } from '../machine/steps/types.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { checkRestore } from './checkRestore.js';
import type { ActivityDeps } from './deps.js';
import { loadCluster } from './load.js';
import type { StepRef } from './refs.js';
import { beginRestore, restoreContext } from './restore.js';
import { CHUNK_BYTES, sealSnapshot } from './snapshotFile.js';

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
    ...{ hostname: leader, step: 'kubernetes-stop', kubernetesVersion: 'v1.34.4' },
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

describe('before anything is stopped for it, a snapshot', () => {
  const GB = 1_000_000_000;
  const packed = Buffer.alloc(CHUNK_BYTES + 10, 'packed');

  async function kept({ kubernetesVersion = 'v1.34.2', sum = packed, size = GB } = {}) {
    const { snapshots } = db.store;
    await snapshots.begin({
      ...{ id: 's1', clusterId, createdAt: '2026-11-25T10:00:00.000Z', node: 'node-1', chunks: 2 },
      ...{ kubernetesVersion, size, sha256: 'aa', packedSize: packed.length },
      packedSha256: createHash('sha256').update(sum).digest('hex'),
    });
    const cipher = await sealSnapshot(deps, { clusterId, id: 's1', keys: 'keys' });
    for (const index of [0, 1]) {
      const plain = packed.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      const sealed = cipher.seal({ index, last: index === 1 }, plain);
      await snapshots.putChunk(clusterId, 's1', { index, sealed });
    }
    await snapshots.complete(clusterId, 's1');
  }

  const free = (...disks: [path: string, freeBytes: number][]) =>
    db.store.nodes.upsert(clusterId, 'node-1', {
      facts: { disks: disks.map(([path, freeBytes]) => ({ path, freeBytes, totalBytes: 9 * GB })) },
    });

  const check = async (ref: StepRef) =>
    new MockActivityEnvironment().run(() => checkRestore(deps, ref));
  const refused = (message: unknown) => ({ code: ErrorCode.PreflightFailed, message });
  const containing = (text: string) => refused(expect.stringContaining(text));

  it('that is whole, of this minor and has room passes', async () => {
    await kept();
    await free(['/', GB], ['/var/lib', 3 * GB], ['/var/lib/etcd', 1.5 * GB]);
    await expect(check(await restoring('node-1'))).resolves.toBeUndefined();
  });

  it('that was deleted meanwhile is refused', async () => {
    await expect(check(await restoring('node-1'))).rejects.toMatchObject(
      refused(
        'the snapshot s1 cannot be restored, nothing was changed: there is no snapshot s1 of this cluster (any more)',
      ),
    );
  });

  it('that is not whole, or does not open, is refused', async () => {
    await kept({ sum: Buffer.from('another') });
    const ref = await restoring('node-1');
    await expect(check(ref)).rejects.toMatchObject(containing('not what was taken'));
    const sealed = await db.store.snapshots.getChunk(clusterId, 's1', 0);
    await db.store.snapshots.remove(clusterId, 's1');
    await kept();
    await expect(check(ref)).resolves.toBeUndefined();
    await db.store.snapshots.putChunk(clusterId, 's1', { index: 1, sealed: sealed! });
    await expect(check(ref)).rejects.toMatchObject(containing('part 1'));
  });

  it('of another minor than the cluster runs by now is refused', async () => {
    await kept({ kubernetesVersion: 'v1.33.1' });
    await expect(check(await restoring('node-1'))).rejects.toMatchObject(
      containing('only data of the same minor'),
    );
  });

  it.each<[string, [string, number][]]>([
    ['/var/lib', [['/var/lib', 2 * GB]]],
    ['/', [['/', 2 * GB]]],
    [
      '/var/lib/etcd',
      [
        ['/var/lib', 3 * GB],
        ['/var/lib/etcd', GB],
      ],
    ],
  ])('that there is no room for on %s is refused', async (path, disks) => {
    await kept();
    await free(...disks);
    await expect(check(await restoring('node-1'))).rejects.toMatchObject(
      containing(`GB are free on ${path} of the machine that gets the data`),
    );
  });

  it('that has taken the room of a restore that goes on passes, and says what was changed', async () => {
    await kept();
    await free(['/var/lib', GB]);
    const ref = await restoring('node-1');
    await beginRestore(deps, ref);
    await expect(check(ref)).resolves.toBeUndefined();
    await db.store.snapshots.remove(clusterId, 's1');
    await expect(check(ref)).rejects.toMatchObject(containing('cannot be restored: there is no'));
    await expect(check(await restoring('node-2'))).rejects.toMatchObject(containing('there is no'));
  });
});
