import { AppError, ErrorCode } from '../core/errors.js';
import { reachableKubeconfig } from '../machine/kubeadm/kubeconfig.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { joinedControlPlanes, loadCluster } from './load.js';
import { runMachineStep } from './machineStep.js';
import type { OperationRef } from './refs.js';
import { stepError } from './stepError.js';

/** Fetches admin.conf of the first control plane, points it at an address people can reach, and keeps it sealed. */
export async function storeKubeconfig(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  const loaded = await loadCluster(deps, ref);
  const on = joinedControlPlanes(loaded)[0]?.spec;
  if (on === undefined) throw new AppError(ErrorCode.StepFailed, 'no control plane has joined yet');
  const input = { ref, loaded, on, step: 'kubeconfig', attempt: 1 } as const;
  const result = await heartbeating(() => runMachineStep(deps, input));
  const admin = result.results['kubeconfig'];
  if (result.outcome !== 'done' || admin === undefined) {
    throw stepError(on.hostname, 'kubeconfig', result);
  }
  const ssh = { ...loaded.record.desired.spec.config.ssh, ...on.ssh };
  const address = ssh.ipAddress ?? on.privateIP;
  const text = reachableKubeconfig(admin, { address, clusterName: loaded.record.name });
  const owner = ref.clusterId;
  await deps.store.secrets.put(owner, 'kubeconfig', deps.vault.seal(owner, text));
}
