import type { NodeSpec } from '../core/cluster.js';
import { reachableKubeconfig } from '../machine/kubeadm/kubeconfig.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import { runMachineStep } from './machineStep.js';
import type { StepRef } from './refs.js';
import { stepError } from './stepError.js';

/** Fetches admin.conf once, points it at an address people can reach, and keeps it sealed. */
export async function storeKubeconfig(
  deps: ActivityDeps,
  ref: StepRef,
  loaded: LoadedCluster,
  on: NodeSpec,
): Promise<void> {
  const result = await runMachineStep(deps, { ref, loaded, on, step: 'kubeconfig', attempt: 1 });
  const admin = result.results['kubeconfig'];
  if (result.outcome !== 'done' || admin === undefined) {
    throw stepError(ref.hostname, 'kubeconfig', result);
  }
  const ssh = { ...loaded.record.desired.spec.config.ssh, ...on.ssh };
  const address = ssh.ipAddress ?? on.privateIP;
  const text = reachableKubeconfig(admin, { address, clusterName: loaded.record.name });
  const owner = ref.clusterId;
  await deps.store.secrets.put(owner, 'kubeconfig', deps.vault.seal(owner, text));
}
