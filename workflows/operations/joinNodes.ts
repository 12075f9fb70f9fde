import { runClusterSteps } from '../clusterSteps.js';
import { operationFailure, runNodes, summariseFailures } from '../conductor.js';
import { isBegun, type OperationInput } from '../input.js';
import { preflight } from '../preflight.js';
import { records, steps } from '../proxies.js';

/** From bare machines to Ready nodes: what a creation and an addition have in common. */
export async function joinNodes(input: OperationInput): Promise<void> {
  const hostnames = input.plan.nodes.map((task) => task.hostname);
  if (!isBegun(input)) {
    await records.beginOperation(input.ref);
    await preflight(input, hostnames);
  }

  let controlPlaneUp =
    input.soFar?.controlPlaneUp ?? input.plan.nodes.every((task) => task.path !== 'leader');
  const failures = await runNodes(input, input.plan.nodes, {
    onControlPlaneUp: async () => {
      controlPlaneUp = true;
      await Promise.all([
        records.markControlPlaneUp(input.ref),
        steps.storeKubeconfig.executeWithOptions({ summary: 'Fetch the kubeconfig' }, [input.ref]),
      ]);
    },
  });

  if (controlPlaneUp) await runClusterSteps(input, input.plan.clusterSteps);
  await records.markNodes(
    input.ref,
    failures.map((failure) => failure.text),
  );
  if (failures.length > 0) throw operationFailure(summariseFailures(failures), controlPlaneUp);
}
