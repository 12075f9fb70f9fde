import type { ClusterKey } from './clusterDue.js';

/** Looks at drift by the clock. */
export interface DriftStore {
  /** Blueprints that want them, by id (`project/name`). */
  blueprints(page: {
    limit: number;
    after?: string;
  }): Promise<{ id: string; project: string; name: string; everyHours: number }[]>;
  /** Clusters that name the blueprint, are as they were to be, and were not asked for a look since `before`. */
  due(of: { project: string; name: string; before: Date; limit: number }): Promise<ClusterKey[]>;
  /** A sync of the blueprint, in one atomic write; false when the cluster is not due any more. */
  ask(clusterId: string, of: { before: Date; now: Date; reason: string }): Promise<boolean>;
}
