import type { NodeFailure } from '../anew.js';
import { runClusterSteps } from '../clusterSteps.js';
import { operationFailure, runNodes, summariseFailures } from '../conductor.js';
import { describeFailure, isStopped } from '../failures.js';
import type { OperationInput } from '../input.js';
import { records, steps } from '../proxies.js';

/** A machine that is away keeps nobody else's certificates from being renewed. */
const AWAY: readonly (string | undefined)[] = ['MachineUnreachable', 'ConnectionLost'];

/**
 * New certificates on every control plane, one after another: the others answer meanwhile. What failed on one may fail
 * on all, so it stops there. Nothing of the cluster is changed by it: what comes after it in the taskset goes on.
 */
export async function CertificateRenewal(input: OperationInput): Promise<void> {
  await records.beginOperation(input.ref);
  const failures: NodeFailure[] = [];
  let renewed = 0;
  for (const task of input.plan.nodes) {
    const failed = await runNodes(input, [task]);
    failures.push(...failed);
    if (failed.length === 0) renewed += 1;
    if (failures.some(({ type }) => !AWAY.includes(type))) break;
  }
  const texts = failures.length === 0 ? [] : [summariseFailures(failures)];
  try {
    if (renewed > 0) {
      // The one that people are given has a certificate of its own in it.
      await steps.storeKubeconfig.executeWithOptions({ summary: 'Fetch the kubeconfig' }, [
        input.ref,
      ]);
    }
    if (failures.length === 0) await runClusterSteps(input, input.plan.clusterSteps);
  } catch (error) {
    if (isStopped(error)) throw error;
    texts.push(describeFailure(error));
  }
  if (texts.length > 0) throw operationFailure(texts.join('. '), true);
}
