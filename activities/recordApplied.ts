import { placementOf } from '../core/blueprintChange.js';
import type { ClusterSpec } from '../core/cluster.js';
import type { AppliedCluster } from '../core/records.js';
import { OperationName } from '../core/words.js';
import type { ActivityDeps } from './deps.js';
import type { OperationRef } from './refs.js';

/** Operations whose end says something of the cluster as a whole. */
export const RECORDED: ReadonlySet<OperationName> = new Set([
  ...[OperationName.ClusterCreation, OperationName.ClusterRestore, OperationName.BlueprintSync],
]);

/** What an operation that went well makes true; `spec`: at the version that its steps worked with. */
export async function recordApplied(
  { store: { clusters } }: ActivityDeps,
  ref: OperationRef,
  spec: ClusterSpec,
): Promise<void> {
  switch (ref.operation) {
    case OperationName.ClusterCreation:
      await clusters.setApplied(ref.clusterId, {
        ...{ created: true, spec, metadataBegun: false },
        // The network is placed as this spec says, and the blueprint perhaps as that of an earlier attempt: the sync after it ends that.
        blueprintBegun: true,
      });
      return;
    case OperationName.ClusterRestore:
      await clusters.setApplied(ref.clusterId, { restoring: null });
      return;
    case OperationName.BlueprintSync:
      await clusters.setApplied(ref.clusterId, {
        blueprint: appliedBlueprint(ref, spec),
        placement: placementOf(spec),
        blueprintBegun: false,
        ...(ref.sync === undefined ? {} : { sync: ref.sync }),
      });
      return;
    default:
  }
}

/** In the version that its steps saw, whatever has been made of it since. */
function appliedBlueprint(
  { blueprint }: OperationRef,
  spec: ClusterSpec,
): NonNullable<AppliedCluster['blueprint']> {
  if (blueprint === undefined) return spec.blueprint;
  const { name, version, base } = blueprint;
  return { name, base, ...(version === undefined ? {} : { version }) };
}
