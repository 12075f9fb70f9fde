import { pinnedVersion, type ResolvedBlueprint } from './blueprints.js';
import type { ClusterSpec } from './cluster.js';
import { stableJson } from './stableJson.js';

/** What is known of the blueprint that is on the cluster. */
export interface AppliedBlueprint {
  spec?: Pick<ClusterSpec, 'systemComponentsPlacement'>;
  blueprint?: { name: string; version?: string };
  /** See `placementOf`; absent: that of the spec that was applied last. */
  placement?: string;
  blueprintBegun?: boolean;
}

/** Where workloads of ours go, as text to compare. */
export function placementOf({
  systemComponentsPlacement: placement,
}: Pick<ClusterSpec, 'systemComponentsPlacement'> = {}): string {
  return stableJson(placement ?? {});
}

/**
 * What a sync of the spec's blueprint would change: what the objects are (`changed`), and where those of the blueprint and
 * of the network go (`moved`). Of a sync that did not end, what it had applied is on the cluster, placed as it was to be.
 */
export function blueprintChange(
  applied: AppliedBlueprint,
  spec: Pick<ClusterSpec, 'blueprint' | 'systemComponentsPlacement'>,
  resolved?: ResolvedBlueprint,
): { changed: boolean; moved: boolean } {
  const key = (of: { name?: string; version?: string } = {}): string =>
    stableJson([of.name ?? '', pinnedVersion(of) ?? '']);
  const begun = applied.blueprintBegun === true;
  return {
    changed: begun || key(applied.blueprint) !== key(resolved ?? spec.blueprint),
    moved: begun || (applied.placement ?? placementOf(applied.spec)) !== placementOf(spec),
  };
}
