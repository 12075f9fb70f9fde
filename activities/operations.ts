import { stepsOfOperation, type NodeSteps } from '../core/operationSteps.js';
import {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationName,
  OperationStatus,
  ProvisionStatus,
  TasksetStatus,
} from '../core/words.js';
import { fulfilConditions, setCondition } from './conditions.js';
import type { ActivityDeps } from './deps.js';
import { loadCluster } from './load.js';
import { provisionStatusAtEnd } from './provisionStatus.js';
import { recordApplied, RECORDED } from './recordApplied.js';
import type { ClusterRef, OperationOutcome, OperationRef, Work } from './refs.js';
import { askForMissedVersion } from './rollouts.js';
import { tasksetEnd } from './tasksetEnd.js';
import { APPLIED_REASON } from './tasksets.js';
import { tasksetNews, type TasksetNews } from './webhooks.js';

export async function beginOperation(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  await deps.store.tasksets.setOperation(ref.tasksetId, ref.operationIndex, {
    status: OperationStatus.InProgress,
    startedAt: new Date().toISOString(),
  });
}

export async function endOperation(
  deps: ActivityDeps,
  ref: OperationRef,
  outcome: OperationOutcome,
): Promise<void> {
  // Before it has ended: whoever sees that sees its steps, whatever another one does next.
  await keepSteps(deps, ref, await deps.store.nodes.steps(ref.clusterId));
  await deps.store.tasksets.setOperation(ref.tasksetId, ref.operationIndex, {
    status: outcome.failed ? OperationStatus.Failed : OperationStatus.Success,
    endedAt: new Date().toISOString(),
    ...(outcome.failed ? { errorSummary: outcome.errorSummary } : {}),
  });
  if (outcome.failed || !RECORDED.has(ref.operation)) return;
  const { record } = await loadCluster(deps, ref, {});
  await recordApplied(deps, ref, record.desired.spec);
}

/** A node remembers the latest run of each step; with the taskset stays what came of them in it. */
async function keepSteps(
  { store }: ActivityDeps,
  ref: OperationRef,
  nodes: readonly NodeSteps[],
): Promise<void> {
  const ofIt = nodes
    .map((node) => ({ hostname: node.hostname, steps: stepsOfOperation(node, ref) }))
    .filter(({ steps }) => Object.keys(steps).length > 0);
  await store.stepHistory.keep(ref, ofIt);
}

/** The API server answered for the first time: CheckIn is true, the infrastructure is there. */
export async function markControlPlaneUp(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  await setCondition(deps, ref, { type: ConditionType.CheckIn, status: ConditionStatus.True });
  if (ref.operation === OperationName.ClusterCreation) {
    await deps.store.clusters.setProvisionStatus(
      ref.clusterId,
      ProvisionStatus.BootstrapInProgress,
    );
  }
}

/** NodeSync: every node of the spec joined and Ready, or which one is not, and why. */
export async function markNodes(
  deps: ActivityDeps,
  ref: OperationRef,
  failures: string[],
): Promise<void> {
  const failed = failures.length > 0;
  await setCondition(deps, ref, {
    type: ConditionType.NodeSync,
    status: failed ? ConditionStatus.False : ConditionStatus.True,
    ...(failed ? { reason: inWords(failures) } : {}),
  });
}

/** As many as a person reads; each node has its own. */
const IN_WORDS = 20;

function inWords(failures: readonly string[]): string {
  const more = failures.length - IN_WORDS;
  return [
    ...failures.slice(0, IN_WORDS),
    ...(more > 0 ? [`and ${String(more)} more nodes`] : []),
  ].join('. ');
}

/** A taskset is terminal only when all its operations are: this is its last write. Gives who is to be told of it. */
export async function endTaskset(
  deps: ActivityDeps,
  ref: ClusterRef,
  work: Work,
  outcomes: OperationOutcome[],
): Promise<TasksetNews | undefined> {
  const failures = outcomes.filter((outcome) => outcome.failed);
  const failed = failures.length > 0;
  const reason = failures.map((outcome) => outcome.errorSummary).join('. ');
  const [{ record }, taskset] = await Promise.all([
    loadCluster(deps, work, {}),
    deps.store.tasksets.get(work.clusterId, work.tasksetId),
  ]);
  const status = provisionStatusAtEnd({
    operations: work.operations,
    failed,
    initialised: record.applied.initialised,
  });
  const end = tasksetEnd({ work, outcomes, record });
  await Promise.all([
    deps.store.clusters.setApplied(work.clusterId, {
      ...(end.applied ? { spec: record.desired.spec, metadataBegun: false } : {}),
      ...(end.specFailure === undefined ? {} : { failure: end.specFailure }),
    }),
    end.notReady === ''
      ? end.ready && fulfilConditions(deps, work)
      : setCondition(deps, work, {
          type: ConditionType.Ready,
          status: ConditionStatus.False,
          reason: end.notReady,
        }),
    status === undefined || deps.store.clusters.setProvisionStatus(work.clusterId, status),
  ]);
  // Before the taskset ends: an interrupted one goes on, one that has ended is planned anew. What was asked for since
  // the record was read is not of this taskset.
  if (record.asked !== undefined && record.asked.length > 0) {
    await deps.store.clusters.endAsked(work.clusterId, {
      tasksetId: work.tasksetId,
      done: end.doneAsked,
      well: !failed,
    });
  }
  const comment = failed ? `${end.failedComment}: ${reason}` : end.comment;
  await deps.store.tasksets.end(
    work.tasksetId,
    failed ? TasksetStatus.Failed : TasksetStatus.Complete,
    comment,
  );
  const standing = failed ? reason : end.standing;
  await deps.store.clusters.setCommonStatus(work.clusterId, {
    conditionStatus: standing === '' ? CommonConditionStatus.Ok : CommonConditionStatus.Failed,
    reason: standing === '' ? APPLIED_REASON : standing,
    sequence: taskset?.sequence ?? 0,
    generation: work.generation,
    retries: work.retries,
    deleting: work.deleting,
  });
  // One that was cancelled, or failed, is not begun again by itself: the next one gives it the newest.
  if (!failed) await askForMissedVersion(deps, work);
  const news = await tasksetNews(deps, { record, work, failed, comment });
  // A deletion is done when the record is gone: until then the reconciler must find it.
  if (work.deleting && !failed) return news;
  // Last: from here on the reconciler takes the work as done.
  await deps.store.clusters.setObserved(work.clusterId, {
    generation: work.generation,
    retries: work.retries,
    deleting: work.deleting,
  });
  // What its watcher saw before says nothing of what is now.
  await deps.store.health.refresh(work.clusterId);
  await deps.store.logs.trim(work.clusterId).catch((error: unknown) => {
    deps.log.warn({ err: error, clusterId: work.clusterId }, 'old output not dropped');
  });
  return news;
}

/**
 * A node that left and is clean: nothing is remembered of it but its steps, with their taskset. One that is wanted again
 * starts from there.
 */
export async function forgetNode(
  deps: ActivityDeps,
  ref: OperationRef & { hostname: string },
): Promise<void> {
  const { nodes, hostKeys, registrations } = deps.store;
  const [{ record }, leaves] = await Promise.all([
    loadCluster(deps, ref, {}),
    nodes.get(ref.clusterId, ref.hostname),
  ]);
  const spec = record.desired.spec.config.nodes.find((node) => node.hostname === ref.hostname);
  // Of a deletion as well: people look at it until the cluster is gone, and where another machine failed, for long.
  if (leaves !== undefined) await keepSteps(deps, ref, [leaves]);
  if (spec === undefined || record.deleting) {
    await Promise.all(
      [nodes, hostKeys, registrations].map((of) => of.remove(ref.clusterId, ref.hostname)),
    );
    return;
  }
  await nodes.remove(ref.clusterId, ref.hostname);
  await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
    spec,
    status: NodeStatus.Pending,
    claimed: false,
    joined: false,
  });
}
