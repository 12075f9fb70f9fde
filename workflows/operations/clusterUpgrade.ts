import { patched } from '@temporalio/workflow';

import type { NodeTask } from '../../core/plan.js';
import { withEnded, type NodeFailure } from '../anew.js';
import { runClusterSteps } from '../clusterSteps.js';
import { operationFailure, runNodes, summariseFailures, WINDOW } from '../conductor.js';
import { isUpgrade } from '../gates.js';
import { isBegun, type OperationInput } from '../input.js';
import { records } from '../proxies.js';

/**
 * To another version of Kubernetes: control planes one by one, then workers. Stops at the first that fails. Or to another
 * one of Calico: its images on every node, then the network as a whole.
 */
export async function ClusterUpgrade(input: OperationInput): Promise<void> {
  if (!isBegun(input)) await records.beginOperation(input.ref);
  const failures = prefetches(input)
    ? await runPrefetched(input)
    : await runNodes(input, input.plan.nodes);
  await records.markNodes(
    input.ref,
    failures.map((failure) => failure.text),
  );
  if (failures.length === 0) return runClusterSteps(input, input.plan.clusterSteps);
  const failed = new Set(failures.map((failure) => failure.hostname));
  const controlPlaneIsNew = input.plan.nodes.every(
    ({ hostname, path }) => path === 'upgrade-worker' || !failed.has(hostname),
  );
  // Nodes may join an upgraded control plane, whichever worker is still to come.
  throw operationFailure(summariseFailures(failures), controlPlaneIsNew);
}

/**
 * Of nodes that are all at work at once the first turn waits for everybody's files. Of more, those that start later would
 * get theirs when others have long been changed. An operation that has begun without goes on without.
 */
function prefetches({ plan, soFar }: OperationInput): boolean {
  if (plan.nodes.filter(({ path }) => isUpgrade(path)).length <= WINDOW) return false;
  if (soFar !== undefined) return soFar.ended.some((task) => task.startsWith('prefetch/'));
  return patched('prefetched-all');
}

/**
 * All of them get their files, whoever fails; then come the turns. One that has failed by then has failed its upgrade: a
 * worker alone, a control plane for everybody, as the gates have it. In its turn a node is not asked for its files again: the
 * steps would find their own runs, and be recorded as if they had lasted until then.
 */
async function runPrefetched(input: OperationInput): Promise<NodeFailure[]> {
  const { nodes } = input.plan;
  const tasks = nodes.map(({ hostname }): NodeTask => ({ hostname, path: 'prefetch' }));
  const failures = await runNodes(input, tasks);
  const failed = new Set(failures.map(({ hostname }) => hostname));
  const over = [...tasks, ...nodes.filter(({ hostname }) => failed.has(hostname))];
  const soFar = { controlPlaneUp: true, ...input.soFar, ...withEnded(input.soFar, over, failures) };
  return runNodes({ ...input, soFar }, nodes, { prefetched: true });
}
