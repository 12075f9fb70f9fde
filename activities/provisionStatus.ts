import type { OperationPlan } from '../core/plan.js';
import { OperationName, ProvisionStatus } from '../core/words.js';

/** What `provisionStatus` says while a taskset runs; undefined where it stays as it was. */
export function provisionStatusAtStart(
  operations: readonly OperationPlan[],
): ProvisionStatus | undefined {
  const names = new Set(operations.map((operation) => operation.name));
  if (names.has(OperationName.ClusterDeletion)) return ProvisionStatus.DeletionInProgress;
  if (names.has(OperationName.ClusterCreation)) return ProvisionStatus.InfraInProgress;
  return undefined;
}

/** What it says once the taskset is over. `initialised`: the API server was there. */
export function provisionStatusAtEnd(of: {
  operations: readonly OperationPlan[];
  failed: boolean;
  initialised: boolean;
}): ProvisionStatus | undefined {
  const names = new Set(of.operations.map((operation) => operation.name));
  if (names.has(OperationName.ClusterDeletion)) {
    return of.failed ? ProvisionStatus.DeletionFailed : undefined;
  }
  if (names.has(OperationName.ClusterCreation)) {
    if (!of.failed) return ProvisionStatus.Complete;
    return of.initialised ? ProvisionStatus.BootstrapFailed : ProvisionStatus.InfraFailed;
  }
  return undefined;
}
