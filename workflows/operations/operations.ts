import { CancellationScope, patched } from '@temporalio/workflow';

import type { NodeFailure } from '../anew.js';
import { runClusterSteps } from '../clusterSteps.js';
import { operationFailure, runNodes, summariseFailures } from '../conductor.js';
import { failureType, isStopped } from '../failures.js';
import { isBegun, type OperationInput } from '../input.js';
import { leaveOrder } from '../leaveOrder.js';
import { machinesAway } from '../machinesAway.js';
import { records, steps } from '../proxies.js';
import { ErrorCode } from '../../core/errors.js';
import { isAway } from '../../core/machineAway.js';
import type { StepName } from '../../core/steps.js';
import { joinNodes } from './joinNodes.js';

/*
 * One workflow per operation, named as people see it in status and in Temporal's own UI.
 */

const FORCE_HINT =
  'Where a machine does not come back: send the same again with force=true (plinth apply --force, plinth delete --force). ' +
  'It is then taken out without being cleaned, and listed as ORPHANED';

/** Facts and preflight of all, then every machine from bare to Ready, then the cluster's own settings. */
export async function ClusterCreation(input: OperationInput): Promise<void> {
  await joinNodes(input);
}

/** The same for new machines only: the others are not touched. */
export async function NodeAddition(input: OperationInput): Promise<void> {
  await joinNodes(input);
}

/** Out of the cluster through a control plane, then clean. */
export async function NodeRemoval(input: OperationInput): Promise<void> {
  if (isBegun(input)) return clean(input, input.plan.nodes, await machinesAway(input));
  await records.beginOperation(input.ref);
  const away = await machinesAway(input);
  const { leave, plainWorkers = [] } = input.plan;
  for (const hostname of await leaveOrder(input.ref, leave, plainWorkers)) {
    const member: StepName[] = plainWorkers.includes(hostname) ? [] : ['etcd-member-remove'];
    // Nobody there would end its pods: they go with the node's object.
    const isThere = !away.has(hostname);
    if (isThere) await drain(input, hostname);
    try {
      await runClusterSteps(input, [...member, 'node-delete'], hostname);
    } catch (error) {
      // Of one that has begun to leave, the step itself is skipped.
      const mayStay = failureType(error) === ErrorCode.QuorumRisk || isStopped(error);
      if (isThere && mayStay && patched('refused-uncordoned')) await takeBackDrain(input, hostname);
      throw error;
    }
  }
  await clean(input, input.plan.nodes, away);
}

/** Of a node that cannot be drained, or is not to leave after all, nothing is gone yet: it takes pods again. */
async function drain(input: OperationInput, hostname: string): Promise<void> {
  try {
    await runClusterSteps(input, ['drain'], hostname);
  } catch (error) {
    if (patched('drain-taken-back')) await takeBackDrain(input, hostname);
    throw error;
  }
}

async function takeBackDrain({ ref }: OperationInput, hostname: string): Promise<void> {
  await CancellationScope.nonCancellable(() =>
    steps.runNodeStep
      .executeWithOptions({ summary: `${hostname}: take back drain: uncordon` }, [
        { ...ref, hostname, step: 'uncordon' },
      ])
      // What has failed is what it is taken back for.
      .catch(() => undefined),
  );
}

/**
 * Settings of nodes that stay. Where they turn away from control planes that leave next, nothing is done before it is
 * known that those may.
 */
export async function NodeUpdate(input: OperationInput): Promise<void> {
  if (!isBegun(input)) await beginUpdate(input);
  const failures = await runNodes(input, input.plan.nodes);
  if (failures.length > 0) throw operationFailure(summariseFailures(failures), true);
  await runClusterSteps(input, input.plan.clusterSteps);
}

async function beginUpdate(input: OperationInput): Promise<void> {
  const { ref, plan } = input;
  await records.beginOperation(ref);
  await leaveOrder(ref, plan.leaveNext);
  if (plan.nodes.some(({ path }) => path === 'endpoint') && patched('kubeconfig-follows')) {
    // The one that people have been given may name a control plane that leaves.
    await steps.storeKubeconfig.executeWithOptions({ summary: 'Fetch the kubeconfig' }, [ref]);
  }
  await runClusterSteps(input, plan.firstSteps ?? []);
}

export async function BlueprintSync(input: OperationInput): Promise<void> {
  if (!isBegun(input)) await records.beginOperation(input.ref);
  // A blueprint that has more of the built-in parts than the one before needs their images on the nodes.
  if (input.plan.nodes.length > 0) {
    const failures = await runNodes(input, input.plan.nodes);
    if (failures.length > 0) throw operationFailure(summariseFailures(failures), true);
  }
  await runClusterSteps(input, input.plan.clusterSteps);
}

/** No eviction: everything goes. Workers first, then control planes; one that fails does not stop the others. */
export async function ClusterDeletion(input: OperationInput): Promise<void> {
  if (!isBegun(input)) await records.beginOperation(input.ref);
  await clean(input, input.plan.nodes, await machinesAway(input));
}

async function clean(
  input: OperationInput,
  all: OperationInput['plan']['nodes'],
  away: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [hostname, reason] of away) {
    await records.orphanNode({ ...input.ref, hostname, reason });
  }
  const tasks = all.filter(({ hostname }) => !away.has(hostname));
  const failures: NodeFailure[] = [];
  for (const wave of [...new Set(tasks.map((task) => task.wave ?? 1))].toSorted((a, b) => a - b)) {
    failures.push(
      ...(await runNodes(
        { ...input, away: [...away] },
        tasks.filter((task) => (task.wave ?? 1) === wave),
      )),
    );
  }
  const failed = new Set(failures.map((failure) => failure.hostname));
  for (const { hostname } of tasks) {
    if (!failed.has(hostname)) await records.forgetNode({ ...input.ref, hostname });
  }
  const { force } = input.plan;
  // Lost since it was asked.
  const lost = failures.filter(({ type }) => force === true && isAway(type));
  for (const { hostname, text } of lost) {
    await records.orphanNode({ ...input.ref, hostname, reason: text });
  }
  const left = failures.filter((failure) => !lost.includes(failure));
  if (left.length === 0) return;
  const summary = summariseFailures(left);
  const stays = left.some(({ type }) => isAway(type));
  throw operationFailure(stays ? `${summary}. ${FORCE_HINT}` : summary, true);
}
