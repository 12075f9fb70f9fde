import type { ActivityDeps } from '../activities/deps.js';
import { observedExpiry } from '../core/certificates.js';
import type { ClusterLook } from './lookAtCluster.js';

/** Of control planes that have told about themselves: when their certificates end, which is what renewals by the clock go by. */
export async function noteExpiries(
  { store }: Pick<ActivityDeps, 'store'>,
  clusterId: string,
  machines: ClusterLook['machines'],
): Promise<void> {
  await Promise.all(
    machines.map(async ({ hostname, machine }) => {
      const expiry = machine === undefined ? undefined : observedExpiry(machine);
      if (expiry !== undefined) await store.certificates.record(clusterId, hostname, expiry);
    }),
  );
}
