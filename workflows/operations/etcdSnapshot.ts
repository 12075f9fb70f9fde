import { describeFailure } from '../failures.js';
import { operationFailure } from '../conductor.js';
import type { OperationInput } from '../input.js';
import { records, steps } from '../proxies.js';
import { isCancellation } from '@temporalio/workflow';

/** etcd's data and the cluster's keys, encrypted in the store; then what the cluster's policy does not keep goes. */
export async function EtcdSnapshot(input: OperationInput): Promise<void> {
  await records.beginOperation(input.ref);
  const snapshot = input.plan.asked?.id ?? input.ref.tasksetId;
  try {
    await steps.takeSnapshot.executeWithOptions({ summary: 'Take a snapshot of etcd' }, [
      { ...input.ref, snapshot },
    ]);
    await records.pruneSnapshots(input.ref);
  } catch (error) {
    if (isCancellation(error)) throw error;
    // Nothing of the cluster is changed by it: what comes after it in the taskset goes on.
    throw operationFailure(describeFailure(error), true);
  }
}
