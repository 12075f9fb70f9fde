import type { StepName } from '../core/steps.js';
import type { ActivityDeps } from './deps.js';
import type { OperationRef } from './refs.js';

/** Steps that are marked with the renewal they belong to: a retry goes on with it. */
export const RENEWAL_STEPS: ReadonlySet<StepName> = new Set<StepName>([
  'certificates-renew',
  'static-pods-restart',
  'certificates-verify',
]);

/** The id under which it was asked for. */
export async function renewalOf({ store }: ActivityDeps, ref: OperationRef): Promise<string> {
  const taskset = await store.tasksets.get(ref.clusterId, ref.tasksetId);
  return taskset?.plan[ref.operationIndex]?.asked?.id ?? ref.tasksetId;
}
