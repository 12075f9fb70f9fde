import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { AskedKind } from '../core/askedOperations.js';
import type { NodeSpec } from '../core/cluster.js';
import type { ClusterRecord } from '../core/records.js';
import type { Registration } from '../core/registration.js';
import { ConditionStatus, NodeStatus, OperationName, OperationStatus } from '../core/words.js';
import { applyTo, desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { endOperation, endTaskset, forgetNode } from './operations.js';
import type { OperationRef, Waiting, Work } from './refs.js';
import { beforeClusterStep } from './stepEffects.js';
import { removeCluster, takeWork } from './tasksets.js';

let db: TestDatabase;
let deps: ActivityDeps;
let record: ClusterRecord;
let count = 0;

beforeAll(async () => {
  db = await openTestDatabase();
  const untouched = (): never => {
    throw new Error('no machine is to be touched');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: { with: untouched, close: untouched },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}, 60_000);
afterAll(() => db.close());
beforeEach(async () => {
  count += 1;
  record = (await applyTo(db.store)(`work-${String(count)}`)).record;
});

const ref = () => ({ project: record.project, name: record.name });
const take = (tasksetId: string) => takeWork(deps, { ...ref(), tasksetId });
const id = (name: string): string => `${name}${String(count).padStart(7 - name.length, '0')}`;

async function must(work: Work | Waiting | undefined): Promise<Work> {
  if (work === undefined) throw new Error('there was nothing to do');
  if ('waiting' in work) throw new Error(work.waiting);
  return Promise.resolve(work);
}

/** Ends a taskset as the cluster workflow does; `failing` operations by index. */
async function end(work: Work, failing: readonly number[] = []): Promise<void> {
  const outcomes = work.operations.map((_, index) => ({
    index,
    failed: failing.includes(index),
    errorSummary: failing.includes(index) ? 'm1: it broke' : '',
  }));
  for (const [index, operation] of work.operations.entries()) {
    const operationRef: OperationRef = {
      ...ref(),
      clusterId: work.clusterId,
      generation: work.generation,
      tasksetId: work.tasksetId,
      operation: operation.name,
      operationIndex: index,
    };
    await endOperation(
      deps,
      operationRef,
      outcomes[index] ?? { index, failed: true, errorSummary: '' },
    );
  }
  await endTaskset(deps, ref(), work, outcomes);
}

const now = async () => db.store.clusters.getById(record.id);

describe('taking work', () => {
  it('records the taskset before anything is done', async () => {
    const work = await must(await take(id('a')));
    expect(work.operations.map(({ name }) => name)).toEqual(['ClusterCreation', 'BlueprintSync']);
    const [taskset] = await db.store.tasksets.latest(record.id, 1);
    expect(taskset?.id).toBe(id('a'));
    expect(taskset?.operations[0]?.status).toBe('PROVISION_TASK_STATUS_PENDING');
  });

  it('goes back to who asked for it, also where it is gone on with after others have asked', async () => {
    const { clusters } = db.store;
    await clusters.requestRetry(record.project, record.name, { requestId: 'first' });
    expect((await must(await take(id('a')))).by).toEqual({ requestId: 'first' });
    await clusters.requestRetry(record.project, record.name, { requestId: 'second' });
    const first = await must(await take(id('b')));
    expect(first).toMatchObject({ tasksetId: id('a'), by: { requestId: 'first' } });
    await end(first);
    const second = await must(await take(id('c')));
    expect(second.by).toEqual({ requestId: 'second' });
    await end(second);
    const ask = { reason: 'it is time', sync: true };
    await clusters.requestWork(record.project, record.name, ask);
    expect((await must(await take(id('d')))).by).toEqual({});
  });

  it('goes on with the taskset of a workflow that was terminated, under its own id', async () => {
    await take(id('a'));
    const again = await must(await take(id('b')));
    expect(again.tasksetId).toBe(id('a'));
    expect(await db.store.tasksets.latest(record.id, 5)).toHaveLength(1);
  });

  it('answers a repeated call with what it has begun, and leaves a change since then to the next', async () => {
    await take(id('a'));
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    const again = await must(await take(id('a')));
    expect(again).toMatchObject({ tasksetId: id('a'), generation: 1, deleting: false });
    expect(again.operations[0]?.nodes.map(({ hostname }) => hostname)).toEqual([
      'node-1',
      'node-2',
    ]);
    await end(again);
    const after = await now();
    expect(after?.applied.spec?.config.nodes).toHaveLength(2);
    expect(after?.observed.generation).toBe(1);
    const next = await must(await take(id('b')));
    expect(next).toMatchObject({ tasksetId: id('b'), generation: 2 });
    expect(next.operations.flatMap(({ nodes }) => nodes).map(({ hostname }) => hostname)).toContain(
      'node-3',
    );
  });

  it('does not take a creation that it has begun for the deletion that came after', async () => {
    await take(id('a'));
    await db.store.clusters.markDeleting(record.project, record.name);
    const again = await must(await take(id('a')));
    expect(again.operations[0]?.name).toBe('ClusterCreation');
    expect(again.deleting).toBe(false);
    await end(again);
    const next = await must(await take(id('b')));
    expect(next).toMatchObject({ tasksetId: id('b'), deleting: true });
    expect(next.operations.map(({ name }) => name)).toEqual(['ClusterDeletion']);
  });

  it('knows its nodes where it was cut off before it had noted them', async () => {
    await take(id('a'));
    await Promise.all(
      ['node-1', 'node-2'].map((hostname) => db.store.nodes.remove(record.id, hostname)),
    );
    await must(await take(id('a')));
    expect(await db.store.nodes.list(record.id)).toHaveLength(2);
  });

  it('plans anew where an operation of it had failed: those after it were done all the same', async () => {
    await end(await must(await take(id('a'))));
    const { nodes, tasksets } = db.store;
    const is = (number: number, set: object) =>
      nodes.upsert(record.id, node(number).hostname, { spec: node(number), ...set });
    await Promise.all([
      ...[is(1, { claimed: true, joined: true }), is(2, { claimed: true, leaving: true })],
      is(3, { claimed: true, joined: true }),
    ]);
    await db.store.clusters.requestRetry(record.project, record.name);
    const work = await must(await take(id('b')));
    expect(work.operations.map(({ name }) => name)).toEqual(['NodeRemoval', 'NodeAddition']);
    expect(work.operations[0]?.nodes.map(({ hostname }) => hostname)).toEqual(['node-2', 'node-3']);
    // One could not be cleaned. The other one has left, and has joined anew.
    await tasksets.setOperation(work.tasksetId, 0, { status: OperationStatus.Failed });
    await tasksets.setOperation(work.tasksetId, 1, { status: OperationStatus.Success });
    await is(2, { claimed: true, joined: true, leaving: false });

    const next = await must(await take(id('c')));
    expect(next.tasksetId).toBe(id('c'));
    expect(next.operations.flatMap(({ leave }) => leave)).toEqual(['node-3']);
    const old = await tasksets.get(record.id, id('b'));
    expect(old?.status).toBe('PROVISION_TASKSET_STATUS_FAILED');
    expect(old?.comments).toContain('planned anew');
  });

  it('ends an interrupted taskset that a newer change overtook', async () => {
    await take(id('a'));
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    const next = await must(await take(id('b')));
    expect(next.tasksetId).toBe(id('b'));
    const old = await db.store.tasksets.get(record.id, id('a'));
    expect(old?.status).toBe('PROVISION_TASKSET_STATUS_FAILED');
    expect(old?.operations.map(({ status }) => status)).toEqual([
      'PROVISION_TASK_STATUS_FAILED',
      'PROVISION_TASK_STATUS_FAILED',
    ]);
  });

  it('finds nothing to do once the taskset has ended, well or not', async () => {
    await end(await must(await take(id('a'))), [0]);
    expect(await take(id('b'))).toBeUndefined();
    expect((await now())?.commonStatus).toMatchObject({ conditionStatus: 3 });
    expect((await now())?.commonStatus.reason).toContain('m1: it broke');
  });

  it('says that all is well when what failed is not wanted any more', async () => {
    await end(await must(await take(id('a'))));
    const nodes = [node(1), node(2)];
    await applyTo(db.store)(record.name, [...nodes, node(3)]);
    await end(await must(await take(id('b'))), [0]);
    expect((await now())?.conditions.at(-1)).toMatchObject({ status: 'False' });
    await Promise.all(
      nodes.map((spec) =>
        db.store.nodes.upsert(record.id, spec.hostname, { spec, claimed: true, joined: true }),
      ),
    );
    await applyTo(db.store)(record.name, nodes);
    expect(await take(id('c'))).toBeUndefined();
    const { conditions, commonStatus } = (await now()) ?? {};
    expect(conditions?.map(({ status }) => status)).toEqual(Array(6).fill('True'));
    expect(commonStatus?.conditionStatus).toBe(2);
  });

  it('leaves what the watcher has seen as it is where there is nothing to do', async () => {
    await end(await must(await take(id('a'))));
    for (const spec of [node(1), node(2)]) {
      const set = { spec, claimed: true, joined: true, status: NodeStatus.Ready };
      await db.store.nodes.upsert(record.id, spec.hostname, set);
    }
    const judge = async (sequence: number, ready: { status: ConditionStatus; reason: string }) => {
      const subject = await db.store.health.subject(record.id);
      const dead = { hostname: 'node-2', status: NodeStatus.NotReady };
      await db.store.health.judge({ subject: subject!, sequence }, { nodes: [dead], ready });
    };
    const readyNow = async () => (await now())?.conditions.at(-1);
    const dead = { status: ConditionStatus.False, reason: 'node-2 is not Ready' };
    await judge(1, dead);
    expect(await readyNow()).toMatchObject(dead);

    await db.store.clusters.requestRetry(record.project, record.name);
    expect(await take(id('b'))).toBeUndefined();
    expect(await readyNow()).toMatchObject(dead);
    expect((await now())?.commonStatus.conditionStatus).toBe(2);

    // It is still the watcher's to say.
    const again = { status: ConditionStatus.True, reason: 'blueprint synced' };
    await judge(2, again);
    expect(await readyNow()).toMatchObject(again);
  });

  it('remembers that a node has begun to leave, until it is clean', async () => {
    await end(await must(await take(id('a'))));
    const join = (spec: NodeSpec) =>
      db.store.nodes.upsert(record.id, spec.hostname, { spec, claimed: true, joined: true });
    await Promise.all([join(node(1)), join(node(2))]);
    const of = { ...ref(), clusterId: record.id, generation: 1, tasksetId: id('a') };
    const operation = { ...of, operation: OperationName.NodeRemoval, operationIndex: 0 };
    await beforeClusterStep(
      deps,
      { ...operation, step: 'node-delete', subject: 'node-2' },
      { record, nodes: [] },
    );
    await db.store.clusters.requestRetry(record.project, record.name);
    const work = await must(await take(id('b')));
    expect(work.operations.map(({ name }) => name)).toEqual(['NodeRemoval', 'NodeAddition']);

    await forgetNode(deps, { ...operation, hostname: 'node-2' });
    expect(await db.store.nodes.get(record.id, 'node-2')).toMatchObject({
      ...{ status: 'PENDING', claimed: false, joined: false, steps: {} },
    });
    expect((await db.store.nodes.get(record.id, 'node-2'))?.leaving).toBeUndefined();
  });

  it('keeps the steps of a node that a deletion has cleaned, until the cluster is gone', async () => {
    await db.store.clusters.markDeleting(record.project, record.name);
    const { tasksetId } = await must(await take(id('a')));
    const operation = {
      ...{ ...ref(), clusterId: record.id, generation: 1, tasksetId },
      ...{ operation: OperationName.ClusterDeletion, operationIndex: 0 },
    };
    for (const spec of [node(1), node(2)]) {
      await db.store.nodes.upsert(record.id, spec.hostname, { spec });
      await db.store.nodes.setStep(record.id, spec.hostname, 'release', {
        ...{ state: 'done', tasksetId, operation: OperationName.ClusterDeletion, attempt: 1 },
        operationIndex: 0,
      });
    }
    await forgetNode(deps, { ...operation, hostname: 'node-2' });
    expect((await db.store.nodes.steps(record.id)).map(({ hostname }) => hostname)).toEqual([
      'node-1',
    ]);
    const kept = () => db.store.stepHistory.read(record.id, tasksetId);
    expect((await kept()).map(({ hostname, steps }) => [hostname, steps.release?.state])).toEqual([
      ['node-2', 'done'],
    ]);
    await db.store.clusters.remove(record.id);
    expect(await kept()).toEqual([]);
  });

  it('forgets a node whose removal was stopped when its machine was clean, wanted or not', async () => {
    await end(await must(await take(id('a'))));
    const is = (number: number, set: object) =>
      db.store.nodes.upsert(record.id, node(number).hostname, { spec: node(number), ...set });
    const left = { claimed: false, joined: false, leaving: true, status: NodeStatus.Deleting };
    const orphaned = { since: '2026-01-01T00:00:00Z', reason: 'it was away' };
    await Promise.all([
      ...[is(1, { claimed: true, joined: true }), is(2, { ...left, orphaned }), is(3, left)],
    ]);
    await db.store.clusters.requestRetry(record.project, record.name);
    const work = await must(await take(id('b')));
    expect(work.operations.map(({ name }) => name)).toEqual(['NodeAddition']);
    const nodes = await db.store.nodes.list(record.id);
    expect(nodes.map(({ hostname }) => hostname)).toEqual(['node-1', 'node-2']);
    expect(nodes[1]).toMatchObject({ status: NodeStatus.Pending, claimed: false });
    expect(nodes[1]?.leaving).toBeUndefined();
    expect(nodes[1]?.orphaned).toBeUndefined();
  });

  it('keeps the steps of an operation with its taskset, whatever the node does next', async () => {
    const work = await must(await take(id('a')));
    const of = { ...ref(), clusterId: record.id, generation: 1, tasksetId: work.tasksetId };
    const [first, second] = [0, 1].map((operationIndex) => ({
      ...{ ...of, operation: OperationName.NodeUpdate, operationIndex },
    }));
    const ran = (hostname: string, by: typeof first, attempt: number) =>
      db.store.nodes.setStep(record.id, hostname, 'claim', {
        ...{ state: 'done', tasksetId: by!.tasksetId, operation: by!.operation },
        ...{ operationIndex: by!.operationIndex, attempt },
      });
    await Promise.all(
      [1, 2].map((n) => db.store.nodes.upsert(record.id, node(n).hostname, { spec: node(n) })),
    );
    await Promise.all([ran('node-1', first, 1), ran('node-2', first, 1)]);
    const kept = async () =>
      (await db.store.stepHistory.read(record.id, work.tasksetId))
        .map(({ operationIndex, hostname, steps }) => [
          ...[operationIndex, hostname, steps.claim?.attempt],
        ])
        .toSorted();
    const well = { index: 0, failed: false, errorSummary: '' };
    await endOperation(deps, first!, well);
    await ran('node-1', second, 2);
    await ran('node-2', second, 3);
    await forgetNode(deps, { ...second!, hostname: 'node-2' });
    // Of the one that is there still, only once the operation has ended.
    expect(await kept()).toEqual([
      [0, 'node-1', 1],
      [0, 'node-2', 1],
      [1, 'node-2', 3],
    ]);
    await endOperation(deps, second!, well);
    await endOperation(deps, second!, well);
    expect(await kept()).toEqual([
      [0, 'node-1', 1],
      [0, 'node-2', 1],
      [1, 'node-1', 2],
      [1, 'node-2', 3],
    ]);
  });

  it('starts a new taskset for a retry', async () => {
    await end(await must(await take(id('a'))), [0]);
    await db.store.clusters.requestRetry(record.project, record.name);
    expect((await must(await take(id('b')))).tasksetId).toBe(id('b'));
  });

  it('shows every steps the spec that its taskset began with', async () => {
    const work = await must(await take(id('a')));
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    expect(await db.store.tasksets.spec(work.tasksetId)).toEqual(record.desired.spec);
  });
});

describe('a blueprint of the project', () => {
  const put = (name: string, id: string) =>
    db.store.blueprints.put({
      record: { project, name },
      version: {
        base: 'minimal',
        addons: [{ name: 'a', type: 'Manifest', content: { id, size: 1, chunks: 1 } }],
      },
    });

  /** A provisioned cluster that follows it. */
  async function following(): Promise<string> {
    const name = `web-${String(count)}`;
    await put(name, 'one');
    const of = desired(record.name, [node(1)]);
    of.spec.blueprint = { name };
    const applied = { project, name: record.name, desired: of, secretsHash: 'h' };
    record = (await db.store.clusters.apply(applied)).record;
    const work = await must(await take(id('a')));
    const spec = node(1);
    await db.store.nodes.upsert(record.id, spec.hostname, { spec, claimed: true, joined: true });
    await endPlanned(work);
    return name;
  }

  it('is applied in the version that is the newest when the work begins', async () => {
    const name = await following();
    expect((await now())?.applied.blueprint).toEqual({ name, version: 'v1', base: 'minimal' });
    expect(await take(id('b'))).toBeUndefined();
    await put(name, 'two');
    await db.store.clusters.requestWork(project, record.name, { reason: 'rolled out' });
    const work = await must(await take(id('b')));
    expect(work.operations).toMatchObject([
      { name: 'BlueprintSync', blueprint: { name, version: 'v2' } },
    ]);
    // What comes while it works is another taskset's.
    await put(name, 'three');
    await endPlanned(work);
    expect((await now())?.applied.blueprint).toMatchObject({ version: 'v2' });
  });

  it('is what a restore applies, also one that is asked for while machines have yet to register', async () => {
    const name = await following();
    const ask = (operation: string) =>
      db.store.clusters.ask(project, record.name, {
        ...{ id: id(operation), kind: AskedKind.Restore, args: { snapshot: 's1' } },
      });
    await ask('r');
    const first = await must(await take(id('b')));
    expect(first.operations).toMatchObject([
      { name: 'ClusterRestore', blueprint: { name, version: 'v1' } },
    ]);
    await end(first);
    const of = desired(record.name, [node(1), { hostname: 'late', roles: ['Worker'] } as NodeSpec]);
    of.spec.blueprint = { name };
    await db.store.clusters.apply({ project, name: record.name, desired: of, secretsHash: 'h' });
    expect(await take(id('c'))).toHaveProperty('waiting');
    await ask('s');
    const meanwhile = await must(await take(id('d')));
    expect(meanwhile.operations).toMatchObject([
      { name: 'ClusterRestore', blueprint: { name, version: 'v1' } },
    ]);
  });

  it('is compared when a sync was asked for, once, also by who was at work on something else', async () => {
    const name = await following();
    await put(name, 'two');
    await db.store.clusters.requestWork(project, record.name, { reason: 'rolled out' });
    await must(await take(id('b')));
    await db.store.clusters.requestWork(project, record.name, { reason: 'asked', sync: true });
    // Found again after a kill: the sync is not its work.
    const again = await must(await take(id('c')));
    expect(again).toMatchObject({ tasksetId: id('b'), retries: 1 });
    await endPlanned(again);
    const sync = await must(await take(id('d')));
    expect(sync.operations).toMatchObject([
      { sync: 1, clusterSteps: ['blueprint-drift', 'cni', 'cni-rollout', ...blueprintSyncSteps] },
    ]);
    await endPlanned(sync);
    expect(await take(id('e'))).toBeUndefined();
  });
});

const blueprintSyncSteps = ['namespace-sync', 'blueprint-sync', 'blueprint-health'];

/** As `end`, with what the plan tells each step. */
async function endPlanned(work: Work): Promise<void> {
  const outcomes = work.operations.map((_, index) => ({ index, failed: false, errorSummary: '' }));
  for (const [index, { name, blueprint, sync }] of work.operations.entries()) {
    const { clusterId, generation, tasksetId } = work;
    const operation = { operation: name, operationIndex: index };
    const planned = {
      ...(blueprint === undefined ? {} : { blueprint }),
      ...(sync === undefined ? {} : { sync }),
    };
    await endOperation(
      deps,
      { ...ref(), clusterId, generation, tasksetId, ...operation, ...planned },
      outcomes[index]!,
    );
  }
  await endTaskset(deps, ref(), work, outcomes);
}

describe('operations that are asked for', () => {
  const ask = (name: string, kind: AskedKind = AskedKind.Snapshot) =>
    db.store.clusters.ask(record.project, record.name, {
      ...{ id: id(name), kind, args: { snapshot: 's1' } },
    });
  const names = (work: Work): string[] => work.operations.map(({ name }) => name);
  const created = async (): Promise<void> => {
    await end(await must(await take(id('a'))));
    await db.store.clusters.setApplied(record.id, { created: true, initialised: true });
    await Promise.all(
      [node(1), node(2)].map((spec) =>
        db.store.nodes.upsert(record.id, spec.hostname, { spec, claimed: true, joined: true }),
      ),
    );
  };
  const failedAddition = async (): Promise<void> => {
    await created();
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    await end(await must(await take(id('b'))), [0]);
  };

  it('are a taskset of their own, and gone from the queue when it has ended', async () => {
    await created();
    await ask('s');
    const work = await must(await take(id('b')));
    expect(names(work)).toEqual(['EtcdSnapshot']);
    expect((await now())?.asked).toMatchObject([{ tasksetId: id('b') }]);
    await end(work);
    expect(await now()).toMatchObject({ asked: [], commonStatus: { conditionStatus: 2 } });
    expect(await take(id('c'))).toBeUndefined();
  });

  it('go back to who asked for them, and leave the spec to who changed it', async () => {
    await created();
    const { clusters } = db.store;
    const snapshot = { id: id('s'), kind: AskedKind.Snapshot, by: { requestId: 'of-snapshot' } };
    await clusters.ask(record.project, record.name, snapshot);
    const work = await must(await take(id('b')));
    expect(work.by).toEqual({ requestId: 'of-snapshot' });
    await clusters.requestRetry(record.project, record.name, { requestId: 'of-spec' });
    await clusters.ask(record.project, record.name, { id: id('t'), kind: AskedKind.Snapshot });
    await end(work);
    expect((await now())?.submittedBy).toEqual({ requestId: 'of-spec' });
  });

  it('are not done again by the taskset that takes the place of one that had done them', async () => {
    await created();
    await ask('s');
    await ask('r', AskedKind.RenewCertificates);
    const work = await must(await take(id('b')));
    expect(names(work)).toEqual(['EtcdSnapshot', 'CertificateRenewal']);
    await db.store.tasksets.setOperation(id('b'), 0, { status: OperationStatus.Success });
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    const next = await must(await take(id('c')));
    expect(names(next)).toEqual(['CertificateRenewal', 'NodeAddition']);
    expect((await now())?.asked).toMatchObject([{ id: id('r'), tasksetId: id('c') }]);
    // Nor for who asks for it again and did not hear of it.
    await ask('s');
    expect((await now())?.asked).toHaveLength(1);
  });

  it('are gone on with after a kill, once: under the taskset that had begun', async () => {
    await created();
    await ask('s');
    await take(id('b'));
    const again = await must(await take(id('c')));
    expect(again.tasksetId).toBe(id('b'));
    await end(again);
    expect(await take(id('d'))).toBeUndefined();
  });

  it('wait for their turn when they come while another taskset runs', async () => {
    await created();
    await ask('s');
    const first = await must(await take(id('b')));
    await ask('t');
    await end(first);
    const second = await must(await take(id('c')));
    expect(second.operations.map(({ asked }) => asked?.id)).toEqual([id('t')]);
    await end(second);
    expect(await take(id('d'))).toBeUndefined();
  });

  it('come with an apply of the same moment, and what fails of them keeps nothing from being applied', async () => {
    await created();
    await Promise.all([applyTo(db.store)(record.name, [node(1), node(2), node(3)]), ask('s')]);
    const work = await must(await take(id('b')));
    expect(names(work)).toEqual(['EtcdSnapshot', 'NodeAddition']);
    await end(work, [0]);
    const after = await now();
    expect(after?.commonStatus).toMatchObject({ conditionStatus: 3, reason: 'm1: it broke' });
    expect(after?.conditions.at(-1)).toMatchObject({ type: 'ClusterReady', status: 'True' });
    expect(after?.applied.spec?.config.nodes).toHaveLength(3);
    expect(await take(id('c'))).toBeUndefined();
  });

  it('leave the cluster as Ready as it was where a renewal of certificates failed', async () => {
    await created();
    const kind = AskedKind.RenewCertificates;
    await db.store.clusters.ask(record.project, record.name, { id: id('n'), kind });
    const work = await must(await take(id('b')));
    expect(work.operations).toMatchObject([
      { name: 'CertificateRenewal', nodes: [{ path: 'renew-certificates' }] },
    ]);
    await end(work, [0]);
    const after = await now();
    expect(after?.commonStatus).toMatchObject({ conditionStatus: 3, reason: 'm1: it broke' });
    expect(after?.conditions.at(-1)).toMatchObject({ type: 'ClusterReady', status: 'True' });
  });

  it('are asked for again by a retry of what failed', async () => {
    await created();
    await ask('s');
    await end(await must(await take(id('b'))), [0]);
    await db.store.clusters.requestRetry(record.project, record.name);
    const again = await must(await take(id('c')));
    expect(again.operations).toMatchObject([{ name: 'EtcdSnapshot', asked: { id: id('s') } }]);
  });

  it('are given up where a restore was refused and the same spec is applied: a later retry does not bring it back', async () => {
    await created();
    await ask('r', AskedKind.Restore);
    await end(await must(await take(id('b'))), [0]);
    expect((await now())?.asked).toMatchObject([{ id: id('r'), failed: true }]);
    await applyTo(db.store)(record.name);
    expect(await take(id('c'))).toBeUndefined();
    expect(await now()).toMatchObject({ commonStatus: { conditionStatus: 2 }, asked: [] });
  });

  it('see to a node that was left as failed beside the spec, which stays applied whatever comes of that', async () => {
    await created();
    const [name, status] = ['node-2', NodeStatus.Failed] as const;
    await db.store.clusters.setApplied(record.id, { failure: '' });
    await db.store.nodes.upsert(record.id, name, { status });
    await ask('s');
    const work = await must(await take(id('b')));
    expect(work.operations).toMatchObject([
      { name: 'EtcdSnapshot' },
      { name: 'NodeUpdate', nodes: [{ hostname: name, path: 'settle' }] },
    ]);
    await end(work, [1]);
    expect(await now()).toMatchObject({
      ...{ commonStatus: { conditionStatus: 3 }, applied: { failure: '' } },
    });
    expect((await now())?.conditions.at(-1)).toMatchObject({
      type: 'ClusterReady',
      status: 'True',
    });
    // As long as it is failed, with each that is asked for.
    await ask('t');
    await end(await must(await take(id('c'))));
    expect((await now())?.commonStatus).toMatchObject({ conditionStatus: 2 });
    await db.store.nodes.upsert(record.id, name, { status: NodeStatus.Ready });
    await ask('u');
    expect(names(await must(await take(id('d'))))).toEqual(['EtcdSnapshot']);
  });

  it('leave a node alone that failed with a spec: that waits for a person', async () => {
    await failedAddition();
    await db.store.nodes.upsert(record.id, 'node-2', { status: NodeStatus.Failed });
    await ask('s');
    expect(names(await must(await take(id('c'))))).toEqual(['EtcdSnapshot']);
  });

  it('do not try a spec again that failed, and do not make it look applied', async () => {
    await failedAddition();
    await ask('s');
    const work = await must(await take(id('c')));
    expect(names(work)).toEqual(['EtcdSnapshot']);
    await end(work);
    const after = await now();
    expect(after?.commonStatus).toMatchObject({ conditionStatus: 3, reason: 'm1: it broke' });
    expect(after?.conditions.at(-1)).toMatchObject({ status: 'False' });
    await db.store.clusters.requestRetry(record.project, record.name);
    expect(names(await must(await take(id('d'))))).toEqual(['NodeAddition']);
  });

  it('go back through a restore that has begun, whatever is applied', async () => {
    await created();
    const restoring = { id: 'r', args: { snapshot: 's1' } };
    await db.store.clusters.setApplied(record.id, { restoring });
    await applyTo(db.store)(record.name, [node(1), node(2), node(3)]);
    const work = await must(await take(id('b')));
    expect(names(work)).toEqual(['ClusterRestore', 'NodeAddition']);
    await db.store.clusters.setApplied(record.id, { restoring: null });
  });

  it('are not Ready when a restore failed, and as they are desired when it went well', async () => {
    await created();
    await ask('r', AskedKind.Restore);
    const refused = await must(await take(id('b')));
    await end(refused, [0]);
    expect((await now())?.conditions.at(-1), 'nothing was stopped').toMatchObject({
      status: 'True',
    });
    await db.store.clusters.requestRetry(record.project, record.name);
    const broken = await must(await take(id('e')));
    const restoring = { id: id('r'), args: { snapshot: 's1' } };
    await db.store.clusters.setApplied(record.id, { restoring });
    await end(broken, [0]);
    expect((await now())?.conditions.at(-1)).toMatchObject({ status: 'False' });
    await db.store.clusters.requestRetry(record.project, record.name);
    await end(await must(await take(id('c'))));
    expect((await now())?.conditions.at(-1)).toMatchObject({ status: 'True' });
    expect((await now())?.applied.restoring).toBeNull();
  });
});

describe('a deletion', () => {
  it('stays unobserved until the record is gone, so that no termination can wedge it', async () => {
    await db.store.clusters.markDeleting(record.project, record.name);
    const work = await must(await take(id('a')));
    expect(work.operations.map(({ name }) => name)).toEqual(['ClusterDeletion']);
    await end(work);
    const open = await db.store.clusters.unobserved(1000);
    expect(open.map((cluster) => cluster.id)).toContain(record.id);
  });

  it("leaves alone what lies under the name of a later cluster's", async () => {
    const { project, name, id: clusterId } = record;
    await removeCluster(deps, { project, name, clusterId });
    await applyTo(db.store)(name);
    await db.store.secrets.put(`${project}/${name}`, 'ssh:m1', 'sealed');
    await removeCluster(deps, { project, name, clusterId });
    expect(await db.store.secrets.get(`${project}/${name}`, 'ssh:m1')).toBe('sealed');
  });
});

describe('machines that come by the installer command', () => {
  it('are waited for by the spec only: what is asked for is done meanwhile', async () => {
    await end(await must(await take(id('a'))));
    await db.store.clusters.setApplied(record.id, { created: true, initialised: true });
    const named = { hostname: 'm9', roles: ['Worker'] } as unknown as NodeSpec;
    await applyTo(db.store)(record.name, [node(1), node(2), named]);
    const { project, name } = record;
    await db.store.clusters.ask(project, name, { id: id('s'), kind: AskedKind.Snapshot });
    const work = await must(await take(id('b')));
    expect(work.operations.map((each) => each.name)).toEqual(['EtcdSnapshot']);
    await end(work);
    expect(await take(id('c'))).toMatchObject({ waiting: expect.stringContaining('m9') as string });
    expect((await now())?.observed.generation).toBe(1);
  });

  const machine = (hostname: string): Registration => ({
    hostname,
    address: '10.9.9.9',
    addresses: ['10.9.9.9'],
    ...{ username: 'plinth', port: 22, operatingSystem: 'Debian12', arch: 'amd64' },
    hostKeys: ['ssh-ed25519 AAAA'],
    registeredAt: '2026-11-23T08:00:00.000Z',
  });

  /** One machine, by its name only. */
  async function byName(autoApproveNodes = false): Promise<void> {
    const name = `named-${String(count)}`;
    const of = desired(name, [{ hostname: 'm1', roles: ['ControlPlane'] } as unknown as NodeSpec]);
    of.spec.config.autoApproveNodes = autoApproveNodes;
    record = (await db.store.clusters.apply({ project, name, desired: of, secretsHash: 'h' }))
      .record;
  }

  it('are waited for in words, with nothing recorded as failed or begun', async () => {
    await byName();
    expect(await take(id('a'))).toMatchObject({ waiting: expect.stringContaining('m1') as string });
    expect(await db.store.tasksets.latest(record.id, 1)).toEqual([]);
    const waiting = await now();
    expect(waiting?.commonStatus.conditionStatus).toBe(1);
    expect(waiting?.commonStatus.reason).toContain('waiting for m1 to register');
    expect(waiting?.conditions.map(({ type, status }) => [type, status]).slice(0, 2)).toEqual([
      ['ClusterRegisterSucceeded', 'Unknown'],
      ['ClusterApproveSucceeded', 'Unknown'],
    ]);
    await db.store.registrations.put(record.id, machine('m1'));
    expect(await take(id('b'))).toMatchObject({
      waiting: expect.stringContaining('to be approved') as string,
    });
    expect((await now())?.conditions[0]).toMatchObject({ status: 'True' });
  });

  it('are worked on by the address they registered with, once they are approved', async () => {
    await byName();
    await db.store.registrations.put(record.id, machine('m1'));
    await db.store.registrations.approve(record.id, 'm1', 'somebody');
    const work = await must(await take(id('a')));
    expect(work.operations[0]).toMatchObject({
      name: 'ClusterCreation',
      nodes: [{ hostname: 'm1', path: 'leader' }],
    });
    const [planned] = (await db.store.tasksets.spec(id('a')))?.config.nodes ?? [];
    expect(planned).toMatchObject({ privateIP: '10.9.9.9', ssh: { username: 'plinth' } });
    const working = await now();
    expect(working?.commonStatus.reason).toBe('all machines are registered and approved');
    expect(working?.conditions[1]).toMatchObject({
      ...{ type: 'ClusterApproveSucceeded', status: 'True', reason: 'approved' },
    });
    await end(work);
    expect(await take(id('b')), 'what was applied is what is desired').toBeUndefined();
  });

  it('are approved by a repeated call as by the first, and not by one beside a spec that waits for others', async () => {
    await byName();
    await db.store.registrations.put(record.id, machine('m1'));
    await db.store.registrations.approve(record.id, 'm1', 'somebody');
    const approval = async () =>
      (await now())?.conditions.find(({ type }) => type === 'ClusterApproveSucceeded')?.status;
    await take(id('a'));
    await db.store.clusters.setConditions(record.id, []);
    await end(await must(await take(id('a'))));
    expect(await approval()).toBe('True');
    await db.store.clusters.setApplied(record.id, { created: true, initialised: true });
    const { project, name } = record;
    const grown = structuredClone(record.desired);
    grown.spec.config.nodes.push({ hostname: 'm9', roles: ['Worker'] } as unknown as NodeSpec);
    await db.store.clusters.apply({ project, name, desired: grown, secretsHash: 'h' });
    expect(await take(id('b'))).toMatchObject({ waiting: expect.stringContaining('m9') as string });
    expect(await approval()).toBe('Unknown');
    await db.store.clusters.ask(project, name, { id: id('s'), kind: AskedKind.Snapshot });
    await must(await take(id('c')));
    const again = await must(await take(id('c')));
    expect(again.operations.map((each) => each.name)).toEqual(['EtcdSnapshot']);
    expect(await approval()).toBe('Unknown');
  });

  it('that registered before the spec approved all are approved, and audited', async () => {
    await byName(true);
    await db.store.registrations.put(record.id, machine('m1'));
    await must(await take(id('a')));
    const { items } = await db.store.audit.list({ limit: 5, offset: 0, project: record.project });
    expect(items).toContainEqual(
      expect.objectContaining({ action: 'node.approve', actor: 'autoApproveNodes' }),
    );
  });

  it('are not waited for by a deletion', async () => {
    await byName();
    await take(id('a'));
    await db.store.clusters.markDeleting(record.project, record.name);
    const work = await must(await take(id('b')));
    expect(work.operations).toMatchObject([{ name: 'ClusterDeletion', nodes: [] }]);
  });

  it('are cleaned by a deletion over the login that they registered with', async () => {
    await byName(true);
    await db.store.registrations.put(record.id, machine('m1'));
    await must(await take(id('a')));
    await db.store.nodes.upsert(record.id, 'm1', { claimed: true });
    await db.store.clusters.markDeleting(record.project, record.name);
    const work = await must(await take(id('b')));
    expect(work.operations[0]).toMatchObject({
      name: 'ClusterDeletion',
      nodes: [{ hostname: 'm1', path: 'clean' }],
    });
    const [planned] = (await db.store.tasksets.spec(id('b')))?.config.nodes ?? [];
    expect(planned).toMatchObject({ ssh: { ipAddress: '10.9.9.9', username: 'plinth' } });
  });

  it('go with their cluster, and so do its tokens', async () => {
    await byName();
    await db.store.registrations.put(record.id, machine('m1'));
    await db.store.installTokens.create({
      ...{ id: id('t'), clusterId: record.id, hash: 'h', ttlDays: 1 },
      expiresAt: '2027-11-23T08:00:00.000Z',
    });
    await removeCluster(deps, { ...ref(), clusterId: record.id });
    expect(await db.store.registrations.list(record.id)).toEqual([]);
    expect(await db.store.installTokens.get(id('t'))).toBeUndefined();
  });
});
