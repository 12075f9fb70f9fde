import {
  ApplicationFailure,
  CancellationScope,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
} from '@temporalio/workflow';

import type { ClusterRef, OperationOutcome, OperationRef, Work } from '../activities/refs.js';
import { REQUEST_ID_MEMO } from '../core/clusterWorkflow.js';
import type { OperationPlan } from '../core/plan.js';
import { OperationName } from '../core/words.js';
import { operationDetails, operationSummary, tasksetDetails } from './details.js';
import { operationSearchAttributes } from './searchAttributes.js';
import { describeFailure, isStopped, isTerminated, rootFailure } from './failures.js';
import type { OperationFailureDetails } from './conductor.js';
import { records } from './proxies.js';

/** An operation terminated by hand in Temporal's UI is started again: it finds its own runs on the machines. */
const RESTARTS = 5;

/**
 * Runs a taskset's operations in order and records how each ended. `requestId` is the request that it goes
 * back to, for people who come from a log line.
 */
export async function runTaskset(
  cluster: ClusterRef,
  work: Work,
  requestId?: string,
): Promise<OperationOutcome[]> {
  const outcomes: OperationOutcome[] = [];
  let blockedBy: string | undefined;
  for (const [index, operation] of work.operations.entries()) {
    if (work.finished.includes(index)) continue;
    const ref = {
      ...operationRef(cluster, work, operation, index),
      ...(requestId === undefined ? {} : { requestId }),
    };
    setCurrentDetails(tasksetDetails(work, outcomes, index));
    const outcome: OperationOutcome & { goOn: boolean } =
      blockedBy === undefined
        ? await runOperation(ref, operation, requestId)
        : { index, failed: true, errorSummary: `not started: ${blockedBy}`, goOn: false };
    if (outcome.failed && CancellationScope.current().consideredCancelled) outcome.cancelled = true;
    await CancellationScope.nonCancellable(() => records.endOperation(ref, outcome));
    outcomes.push(outcome);
    if (!outcome.failed) continue;
    const goesOn =
      outcome.goOn &&
      !isOnTheWay(work.operations, index) &&
      !joinsBeforeUpgrade(work.operations, index) &&
      !joinsBeforeLeaving(work.operations, index);
    if (!goesOn) blockedBy ??= `${operation.name} failed`;
  }
  return outcomes;
}

/**
 * Whether it is an upgrade that another one follows: nothing goes on to the next minor, and nothing joins with it, while a
 * node has stayed behind.
 */
function isOnTheWay(operations: readonly OperationPlan[], index: number): boolean {
  const isUpgrade = ({ name }: OperationPlan): boolean => name === OperationName.ClusterUpgrade;
  const [own, ...later] = operations.slice(index);
  return own !== undefined && isUpgrade(own) && later.some(isUpgrade) && patched('chain-stops');
}

/** Whether it is control planes that were to join before the others are upgraded: of two members of etcd none is restarted. */
function joinsBeforeUpgrade(operations: readonly OperationPlan[], index: number): boolean {
  const [own, ...later] = operations.slice(index);
  const upgrades = later.some(({ name }) => name === OperationName.ClusterUpgrade);
  return joinsControlPlanes(own) && upgrades && patched('joins-before-upgrade');
}

/** Whether it was control planes that were to join before others leave: those stay as long as nobody has taken their place. */
function joinsBeforeLeaving(operations: readonly OperationPlan[], index: number): boolean {
  const [own, ...later] = operations.slice(index);
  const leaves = later.some(({ leave, plainWorkers = [] }) => leave.length > plainWorkers.length);
  return joinsControlPlanes(own) && leaves && patched('joins-before-leaving');
}

function joinsControlPlanes(operation: OperationPlan | undefined): boolean {
  if (operation?.name !== OperationName.NodeAddition) return false;
  return operation.nodes.some(({ path }) => path === 'control-plane');
}

function operationRef(
  { project, name }: ClusterRef,
  work: Work,
  operation: OperationPlan,
  operationIndex: number,
): OperationRef {
  return {
    project,
    name,
    clusterId: work.clusterId,
    generation: work.generation,
    tasksetId: work.tasksetId,
    operation: operation.name,
    operationIndex,
    ...(operation.kubernetesVersion === undefined
      ? {}
      : { kubernetesVersion: operation.kubernetesVersion }),
    ...(operation.cniVersion === undefined ? {} : { cniVersion: operation.cniVersion }),
    ...(operation.blueprint === undefined ? {} : { blueprint: operation.blueprint }),
    ...(operation.sync === undefined ? {} : { sync: operation.sync }),
  };
}

async function runOperation(
  ref: OperationRef,
  plan: OperationPlan,
  requestId: string | undefined,
): Promise<OperationOutcome & { goOn: boolean }> {
  const { operationIndex: index } = ref;
  const id = `cluster/${ref.project}/${ref.name}/${ref.tasksetId}/${String(index + 1)}-${plan.name}`;
  for (let restart = 0; ; restart += 1) {
    try {
      await executeChild(plan.name, {
        workflowId: restart === 0 ? id : `${id}-${String(restart + 1)}`,
        args: [{ ref, plan }],
        parentClosePolicy: ParentClosePolicy.TERMINATE,
        staticSummary: operationSummary(ref.name, plan),
        staticDetails: operationDetails(plan),
        typedSearchAttributes: operationSearchAttributes(ref),
        ...(requestId === undefined ? {} : { memo: { [REQUEST_ID_MEMO]: requestId } }),
      });
      return { index, failed: false, errorSummary: '', goOn: true };
    } catch (error) {
      if (isTerminated(error) && restart < RESTARTS) continue;
      if (isStopped(error)) {
        const where = isCancellation(error) ? '' : `: ${describeFailure(error)}`;
        return { index, failed: true, errorSummary: `cancelled by request${where}`, goOn: false };
      }
      return { index, failed: true, errorSummary: describeFailure(error), goOn: goesOn(error) };
    }
  }
}

/** A cluster whose control plane is up goes on with what does not need the failed nodes. */
function goesOn(error: unknown): boolean {
  const root = rootFailure(error);
  if (!(root instanceof ApplicationFailure)) return false;
  const details = root.details?.[0] as OperationFailureDetails | undefined;
  return details?.controlPlaneUp ?? false;
}
