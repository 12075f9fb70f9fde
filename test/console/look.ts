import type { Look, MachineObservation } from '../../core/health.js';
import type { ClusterRecord } from '../../core/records.js';
import type { Store } from '../../store/types.js';

/** Records a look at a cluster as its watcher does: every machine answers, each with what is said of it. */
export async function recordLook(
  store: Store,
  { id, desired }: ClusterRecord,
  of: { at: string; look?: Partial<Look>; machines?: Record<string, Partial<MachineObservation>> },
): Promise<void> {
  const { nodes } = desired.spec.config;
  const { kubernetesVersion: version } = desired.spec.config;
  await store.clusters.setApplied(id, { initialised: true, kubernetesVersion: version });
  // Of everybody: a watcher takes over those that it is given.
  await store.health.adopt(1000);
  await store.health.record(
    { clusterId: id, leaseGeneration: 1, after: 0 },
    {
      look: {
        ...{ at: of.at, failures: [], through: nodes[0]?.hostname ?? '' },
        etcd: [{ name: nodes[0]?.hostname ?? '', healthy: true, learner: false }],
        nodes: nodes.map(({ hostname, privateIP }) => ({
          ...{ hostname, ready: 'True' as const, reason: 'KubeletReady', message: '', version },
          ...{ addresses: [privateIP], cordoned: false, pressures: [] },
        })),
        ...of.look,
      },
      ...{ failures: 0, suspects: [], nextLookAt: of.at, machinesDueAt: of.at },
      hostnames: nodes.map(({ hostname }) => hostname),
      machines: Object.entries(of.machines ?? {}).map(([hostname, said]) => ({
        hostname,
        machine: { observedAt: of.at, certificates: [], disks: [], drift: [], ...said },
      })),
    },
  );
}
