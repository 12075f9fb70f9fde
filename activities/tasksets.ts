import { archsOf, availableVersions, holdingOf } from '../core/artifactHoldings.js';
import { appliedState, hasLeft } from '../core/appliedState.js';
import { endAsked, isObserved, openAsked, specIsDue } from '../core/askedOperations.js';
import type { ClusterSpec } from '../core/cluster.js';
import {
  plan,
  withBlueprint,
  type AppliedState,
  type DesiredState,
  type OperationPlan,
} from '../core/plan.js';
import { isAside, planAsked, planBeside } from '../core/planAsked.js';
import type { ClusterRecord, NodeRecord, TasksetRecord } from '../core/records.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import {
  CommonConditionStatus,
  isTerminal,
  NodeStatus,
  OperationName,
  OperationStatus,
  TasksetStatus,
} from '../core/words.js';
import { initialConditions } from '../core/conditions.js';
import type { ActivityDeps } from './deps.js';
import {
  dropApproval,
  markApproved,
  markWaiting,
  registeredMachines,
} from './registeredMachines.js';
import type { WholeCluster } from './load.js';
import { provisionStatusAtStart } from './provisionStatus.js';
import { secretsOwner, type ClusterRef, type Waiting, type Work } from './refs.js';

export const APPLIED_REASON = 'clusterOperation is applied';

/**
 * What the cluster workflow has to do next, recorded as a taskset before anything is done; undefined when
 * what is desired was acted upon. An unfinished taskset of the same generation is gone on with, as long as nothing has failed in it.
 */
export async function takeWork(
  deps: ActivityDeps,
  input: ClusterRef & { tasksetId: string },
): Promise<Work | Waiting | undefined> {
  const found = await deps.store.clusters.get(input.project, input.name);
  if (found === undefined || isObserved(found)) return undefined;
  let record = found;
  const [known, [latest]] = await Promise.all([
    deps.store.nodes.list(record.id),
    deps.store.tasksets.latest(record.id, 1),
  ]);
  if (latest !== undefined && latest.id === input.tasksetId) {
    return goOn(deps, { record, nodes: known }, latest);
  }
  if (latest !== undefined && !isTerminal(latest.status)) {
    const same = isSameWork(latest, record);
    if (same && !hasFailed(latest)) {
      await noteTaken(deps, record, latest);
      return workOf(record, latest);
    }
    record = await endSuperseded(deps, record, latest, same ? FAILED_BEFORE : OVERTAKEN);
  }
  const loaded = { record, nodes: await forgetLeft(deps, record, known) };
  const machines = await registeredMachines(deps, record);
  if ('waiting' in machines) {
    const meanwhile = await takeWhileWaiting(deps, input, loaded);
    if (meanwhile !== undefined) return meanwhile;
    await markWaiting(deps, record, machines, latest?.sequence ?? 0);
    return { waiting: machines.waiting };
  }
  const { spec } = machines;
  if (!machines.approved) await dropApproval(deps, record);
  const due = specIsDue(record);
  const asked = openAsked(record.asked);
  const applied = appliedState(loaded);
  const { blueprint, ...sync } = await blueprintWork(deps, record);
  const follows = blueprint === undefined ? {} : { blueprint };
  const operations = due
    ? plan(applied, {
        ...{ spec, deleting: record.deleting, asked },
        ...(await available(deps, applied)),
        force: record.force === true,
        ...{ ...follows, ...sync },
      })
    : withBlueprint(planBeside(applied, { spec, deleting: false, asked }), blueprint);
  const asDesired = { ...record, desired: { ...record.desired, spec } };
  if (operations.length === 0) {
    // As after a taskset that went well: what had failed before is not asked for again by a later retry.
    const { tasksetId } = input;
    await deps.store.clusters.endAsked(record.id, { tasksetId, done: [], well: true });
    await endWithoutWork(deps, asDesired, latest?.sequence ?? 0);
    return undefined;
  }
  if (due && operations.every(isAside)) await settleSpec(deps, asDesired, operations);
  const by = due ? record.submittedBy : askerOf(record, operations);
  const taskset = await begin(deps, input, { record, operations, spec, by });
  await noteStart(deps, { ...loaded, record: asDesired }, taskset);
  if (machines.approved) await markApproved(deps, record, taskset.sequence);
  return workOf(record, taskset);
}

/**
 * With a taskset that an earlier attempt of the same call has begun, whose answer was lost: as that one saw the cluster. What
 * was asked for since is the next taskset's.
 */
async function goOn(
  deps: ActivityDeps,
  { record, nodes }: WholeCluster,
  taskset: TasksetRecord,
): Promise<Work> {
  const spec = (await deps.store.tasksets.spec(taskset.id)) ?? record.desired.spec;
  const seen: ClusterRecord = {
    ...record,
    ...{ generation: taskset.generation, retries: taskset.retries ?? record.retries },
    ...{ deleting: deletes(taskset), desired: { ...record.desired, spec } },
  };
  await noteTaken(deps, seen, taskset);
  await noteStart(deps, { record: seen, nodes }, taskset);
  // Whom another spec waits for is none of its business.
  const machines = isSameWork(taskset, record) ? await registeredMachines(deps, record) : undefined;
  if (machines !== undefined && 'spec' in machines && machines.approved) {
    await markApproved(deps, seen, taskset.sequence);
  }
  return workOf(seen, taskset);
}

/** Before anything is done: what the requests behind it led to, and the nodes that are to come. */
async function noteStart(
  deps: ActivityDeps,
  of: WholeCluster,
  { id, plan: operations }: TasksetRecord,
): Promise<void> {
  const { id: clusterId, generation, retries } = of.record;
  await Promise.all([
    deps.store.audit.noteTaskset(id, { clusterId, generation, retries }),
    markStart(deps, of, operations),
  ]);
}

async function begin(
  deps: ActivityDeps,
  input: ClusterRef & { tasksetId: string },
  {
    record,
    operations,
    spec,
    by = {},
  }: {
    record: ClusterRecord;
    operations: OperationPlan[];
    spec: ClusterSpec;
    by: RequestOrigin | undefined;
  },
): Promise<TasksetRecord> {
  const taskset = await deps.store.tasksets.begin({
    id: input.tasksetId,
    clusterId: record.id,
    generation: record.generation,
    retries: record.retries,
    status: TasksetStatus.InProgress,
    by,
    comments: operations.every(isAside)
      ? `${operations.map(({ name }) => name).join(', ')}: under way`
      : 'Configuration is being applied to the cluster',
    operations: operations.map((operation, index) => ({
      name: operation.name,
      resourceName: record.name,
      status: OperationStatus.Pending,
      nodes: operation.nodes.map((node) => node.hostname),
      workflowId: operationWorkflowId(input, input.tasksetId, operation, index),
    })),
    plan: operations,
    spec,
  });
  await noteTaken(deps, record, taskset);
  return taskset;
}

/** Of operations that were asked for beside the spec: who asked for the first of them. */
function askerOf(
  { asked = [] }: ClusterRecord,
  operations: readonly OperationPlan[],
): RequestOrigin | undefined {
  const ids = new Set(operations.map((operation) => operation.asked?.id));
  return asked.find(({ id }) => ids.has(id))?.by;
}

/** From here on a second one of the same kind is another one. */
async function noteTaken(
  deps: ActivityDeps,
  record: ClusterRecord,
  { id: tasksetId, plan: operations }: TasksetRecord,
): Promise<void> {
  const ids = operations.flatMap(({ asked }) => (asked === undefined ? [] : [asked.id]));
  if (ids.length > 0) await deps.store.clusters.takeAsked(record.id, { ids, tasksetId });
}

/**
 * A spec that waits for machines keeps nobody from having what there is snapshotted or restored. Such a taskset has
 * seen nothing of what is desired.
 */
async function takeWhileWaiting(
  deps: ActivityDeps,
  input: ClusterRef & { tasksetId: string },
  loaded: WholeCluster,
): Promise<Work | undefined> {
  const { record } = loaded;
  const spec = record.applied.spec;
  if (!record.applied.created || spec === undefined) return undefined;
  const applied = appliedState(loaded);
  const asked = openAsked(record.asked);
  const operations = withBlueprint(
    planAsked(applied, { spec, deleting: false, asked }),
    await deps.store.blueprints.resolve(record.project, spec.blueprint),
  );
  if (operations.length === 0) return undefined;
  const seen = { ...record, ...record.observed };
  const by = askerOf(record, operations);
  return workOf(seen, await begin(deps, input, { record: seen, operations, spec, by }));
}

export function operationWorkflowId(
  ref: ClusterRef,
  tasksetId: string,
  operation: Pick<OperationPlan, 'name'>,
  index: number,
): string {
  return `cluster/${ref.project}/${ref.name}/${tasksetId}/${String(index + 1)}-${operation.name}`;
}

function isSameWork(taskset: TasksetRecord, record: ClusterRecord): boolean {
  return taskset.generation === record.generation && deletes(taskset) === record.deleting;
}

function deletes({ plan: operations }: TasksetRecord): boolean {
  return operations.some(({ name }) => name === OperationName.ClusterDeletion);
}

/**
 * Those after it may have built upon what is: what failed is not done again after them by the old plan, which would take out
 * who has joined anew meanwhile, or bring back what was upgraded.
 */
function hasFailed({ operations }: TasksetRecord): boolean {
  return operations.some(({ status }) => status === OperationStatus.Failed);
}

function workOf(record: ClusterRecord, taskset: TasksetRecord): Work {
  return {
    clusterId: record.id,
    // What was asked for since it began is not done by it.
    generation: taskset.generation,
    retries: taskset.retries ?? record.retries,
    deleting: deletes(taskset),
    ...(taskset.by === undefined ? {} : { by: taskset.by }),
    tasksetId: taskset.id,
    operations: taskset.plan,
    finished: taskset.operations.flatMap((operation, index) =>
      operation.status === OperationStatus.Success ? [index] : [],
    ),
  };
}

/** What the spec's blueprint is now, and the sync that was asked for and not done yet. */
async function blueprintWork(
  { store }: ActivityDeps,
  record: ClusterRecord,
): Promise<Pick<DesiredState, 'blueprint' | 'sync'>> {
  if (record.deleting) return {};
  const blueprint = await store.blueprints.resolve(record.project, record.desired.spec.blueprint);
  const sync = record.syncs ?? 0;
  return {
    ...(blueprint === undefined ? {} : { blueprint }),
    ...(sync > (record.applied.sync ?? 0) ? { sync } : {}),
  };
}

/** What the workers' artifacts hold, ours among them: any of us may come to do it. As a dry run has it. */
async function available(
  { source, store }: ActivityDeps,
  applied: AppliedState,
): Promise<Pick<DesiredState, 'available'>> {
  const workers = [holdingOf(source.catalog), ...(await store.workers.live())];
  const versions = availableVersions(workers, archsOf(applied));
  return versions === undefined ? {} : { available: versions };
}

const OVERTAKEN = 'interrupted; a newer change took its place';
const FAILED_BEFORE = 'interrupted when an operation had failed; what is left was planned anew';

/**
 * A taskset in whose place another one is planned, since a newer change or a delete overtook it while nobody was at work, or
 * it had failed by then: it ends, it is not lost. What it has done of what was asked for beside the spec is not done again.
 * Gives the record as it is by then.
 */
async function endSuperseded(
  deps: ActivityDeps,
  record: ClusterRecord,
  taskset: TasksetRecord,
  why: string,
): Promise<ClusterRecord> {
  for (const [index, operation] of taskset.operations.entries()) {
    if (
      operation.status === OperationStatus.Pending ||
      operation.status === OperationStatus.InProgress
    ) {
      await deps.store.tasksets.setOperation(taskset.id, index, {
        status: OperationStatus.Failed,
        errorSummary: why,
        endedAt: new Date().toISOString(),
      });
    }
  }
  const { asked = [] } = record;
  const done = taskset.plan.flatMap((operation, index) =>
    operation.asked !== undefined && taskset.operations[index]?.status === OperationStatus.Success
      ? [operation.asked.id]
      : [],
  );
  const end = { tasksetId: taskset.id, done, well: false, superseded: true } as const;
  if (asked.length > 0) await deps.store.clusters.endAsked(record.id, end);
  await deps.store.tasksets.end(taskset.id, TasksetStatus.Failed, why);
  return { ...record, asked: [...endAsked({ entries: asked, done: [] }, end).entries] };
}

/**
 * Nodes that were clean when their removal was stopped, before anybody forgot them: one that is wanted would join as what it
 * was, which is about to leave. Gives the others.
 */
async function forgetLeft(
  { store: { nodes, hostKeys, registrations } }: ActivityDeps,
  { id, desired, deleting }: ClusterRecord,
  known: NodeRecord[],
): Promise<NodeRecord[]> {
  if (deleting) return known;
  const wanted = new Set(desired.spec.config.nodes.map(({ hostname }) => hostname));
  await Promise.all(
    known.filter(hasLeft).flatMap(({ hostname }) => {
      const stores = wanted.has(hostname) ? [nodes] : [nodes, hostKeys, registrations];
      return stores.map((of) => of.remove(id, hostname));
    }),
  );
  return known.filter((node) => !hasLeft(node));
}

/** There is nothing left to do for the spec. */
async function settleSpec(
  deps: ActivityDeps,
  record: ClusterRecord,
  operations: readonly OperationPlan[],
): Promise<void> {
  await deps.store.clusters.setApplied(record.id, {
    ...{ spec: record.desired.spec, metadataBegun: false, failure: '' },
  });
  if (operations.some(({ name }) => name === OperationName.ClusterRestore)) return;
  // An earlier attempt at something that is not wanted any more may have failed.
  const isReady = await deps.store.clusters.settleConditions(record.id);
  if (isReady) await deps.store.health.refresh(record.id);
}

async function endWithoutWork(
  deps: ActivityDeps,
  record: ClusterRecord,
  sequence: number,
): Promise<void> {
  await settleSpec(deps, record, []);
  await deps.store.clusters.setCommonStatus(record.id, {
    conditionStatus: CommonConditionStatus.Ok,
    reason: APPLIED_REASON,
    sequence,
    generation: record.generation,
  });
  await deps.store.clusters.setObserved(record.id, {
    generation: record.generation,
    retries: record.retries,
    deleting: record.deleting,
  });
}

async function markStart(
  deps: ActivityDeps,
  { record, nodes }: WholeCluster,
  operations: readonly OperationPlan[],
): Promise<void> {
  if (!record.applied.created && !record.deleting) {
    await deps.store.clusters.setConditions(record.id, initialConditions(new Date().toISOString()));
  }
  const status = provisionStatusAtStart(operations);
  if (status !== undefined) await deps.store.clusters.setProvisionStatus(record.id, status);
  const known = new Set(nodes.map((node) => node.hostname));
  const fresh = record.desired.spec.config.nodes.filter((node) => !known.has(node.hostname));
  if (record.deleting) return;
  await Promise.all(
    fresh.map((spec) =>
      deps.store.nodes.upsert(record.id, spec.hostname, {
        spec,
        status: NodeStatus.Pending,
        claimed: false,
        joined: false,
      }),
    ),
  );
}

/** Whether the cluster was deleted since its running work was taken. */
export async function isDeleting(deps: ActivityDeps, ref: ClusterRef): Promise<boolean> {
  return (await deps.store.clusters.get(ref.project, ref.name))?.deleting === true;
}

/** The end of a deletion: nothing of the cluster is left, its name is free. */
export async function removeCluster(
  deps: ActivityDeps,
  ref: ClusterRef & { clusterId: string },
): Promise<void> {
  // Already gone: the name, and what lies under it, may be another cluster's by now.
  if ((await deps.store.clusters.getById(ref.clusterId)) === undefined) return;
  await deps.store.secrets.remove(secretsOwner(ref));
  await deps.store.clusters.remove(ref.clusterId);
}
