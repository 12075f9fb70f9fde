import { patched } from '@temporalio/workflow';

import type { OperationRef } from '../activities/refs.js';
import { steps } from './proxies.js';

/**
 * The order in which these nodes may leave, asked of etcd through a control plane that stays, before anything is done
 * about any of them; plain workers alone are none of its business. Fails with QuorumRisk where they cannot all go.
 */
export async function leaveOrder(
  ref: OperationRef,
  leaving: string[] = [],
  plainWorkers: readonly string[] = [],
): Promise<string[]> {
  if (leaving.every((hostname) => plainWorkers.includes(hostname))) return leaving;
  if (!patched('etcd-member-check')) return leaving;
  const summary = 'Check that etcd keeps its quorum';
  const { order } = await steps.runClusterStep.executeWithOptions({ summary }, [
    { ...ref, step: 'etcd-member-check', leaving },
  ]);
  return order ?? leaving;
}
