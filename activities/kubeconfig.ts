import { externalEndpoint } from '../core/apiEndpoint.js';
import type { NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { NodeRecord } from '../core/records.js';
import { reachableKubeconfig } from '../machine/kubeadm/kubeconfig.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { joinedControlPlanes, loadCluster } from './load.js';
import { runMachineStep, type MachineStep } from './machineStep.js';
import type { OperationRef } from './refs.js';
import { isLost, stepError } from './stepError.js';

/**
 * Fetches admin.conf of a control plane, points it at an address people can reach, and keeps it sealed: the load
 * balancer that the spec names, or a control plane of the spec, the first one unless it is to leave.
 */
export async function storeKubeconfig(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  const loaded = await loadCluster(deps, ref, { controlPlanes: true });
  const { spec } = loaded.record.desired;
  const wanted = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  const { on, admin } = await fetchAdminConf(
    deps,
    { ref, loaded },
    joinedControlPlanes(loaded).filter(({ hostname }) => wanted.has(hostname)),
  );
  const ssh = { ...spec.config.ssh, ...on.ssh };
  const address = ssh.ipAddress ?? on.privateIP;
  const text = reachableKubeconfig(admin, {
    ...{ address, clusterName: loaded.record.name },
    endpoint: externalEndpoint(spec)?.address,
  });
  const owner = ref.clusterId;
  await deps.store.secrets.put(owner, 'kubeconfig', deps.vault.seal(owner, text));
}

/** Of the first that can be reached. */
async function fetchAdminConf(
  deps: ActivityDeps,
  input: Pick<MachineStep, 'ref' | 'loaded'>,
  from: readonly NodeRecord[],
): Promise<{ on: NodeSpec; admin: string }> {
  let lost: unknown = new AppError(ErrorCode.StepFailed, 'no control plane has joined yet');
  for (const { spec: on } of from) {
    try {
      const step = { ...input, on, step: 'kubeconfig', attempt: 1 } as const;
      const result = await heartbeating(() => runMachineStep(deps, step));
      const admin = result.results['kubeconfig'];
      if (result.outcome === 'done' && admin !== undefined) return { on, admin };
      throw stepError(on.hostname, 'kubeconfig', result);
    } catch (error) {
      if (!isLost(error)) throw error;
      lost = error;
    }
  }
  throw lost;
}
