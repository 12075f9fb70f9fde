import { patched } from '@temporalio/workflow';

import type { NodeTask } from '../../core/plan.js';
import { runClusterSteps } from '../clusterSteps.js';
import { operationFailure, runNodes, summariseFailures } from '../conductor.js';
import { isBegun, type OperationInput } from '../input.js';
import { preflight } from '../preflight.js';
import { records, steps } from '../proxies.js';

/**
 * The cluster as a snapshot has it, on the machines that hold its nodes. No machine is touched unless all of them
 * answer and the snapshot can be restored; no control plane gets its data back before all of them are stopped. Run
 * again it goes on: each machine remembers what it has done.
 */
export async function ClusterRestore(input: OperationInput): Promise<void> {
  const { nodes } = input.plan;
  const on = (...paths: NodeTask['path'][]): NodeTask[] =>
    nodes.filter(({ path }) => paths.includes(path));
  const leader = on('restore-leader');
  if (!isBegun(input)) {
    await records.beginOperation(input.ref);
    if (leader.length === 0) {
      throw operationFailure('no control plane of the cluster is left to restore it on', false);
    }
    await preflight(
      input,
      nodes.map(({ hostname }) => hostname),
    );
    if (patched('restore-checked')) {
      await steps.checkRestore.executeWithOptions({ summary: 'Check the snapshot' }, [input.ref]);
    }
  }
  const controlPlanes = on('restore-leader', 'restore-control-plane');
  await all(
    input,
    controlPlanes.map(({ hostname }) => ({ hostname, path: 'restore-stop' })),
  );
  await all(input, leader);
  await records.markControlPlaneUp(input.ref);
  const failures = [
    ...(await runNodes(input, on('restore-control-plane'))),
    ...(await runNodes(input, on('restore-worker'))),
  ];
  await steps.storeKubeconfig.executeWithOptions({ summary: 'Fetch the kubeconfig' }, [input.ref]);
  await runClusterSteps(input, input.plan.clusterSteps);
  await records.markNodes(
    input.ref,
    failures.map((failure) => failure.text),
  );
  if (failures.length > 0) throw operationFailure(summariseFailures(failures), true);
}

/** Without any one of these there is no cluster to go on with. */
async function all(input: OperationInput, tasks: readonly NodeTask[]): Promise<void> {
  const failures = await runNodes(input, tasks);
  if (failures.length > 0) throw operationFailure(summariseFailures(failures), false);
}
