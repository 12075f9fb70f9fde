import type { KeptSteps, NodeSteps } from '../core/operationSteps.js';

/** What steps came to in operations that have ended: a node itself remembers the latest run of each step only. */
export interface StepHistoryStore {
  /** Kept as long as the cluster; said again, it stands as it was said last. */
  keep(
    of: { clusterId: string; tasksetId: string; operationIndex: number },
    nodes: readonly NodeSteps[],
  ): Promise<void>;
  read(clusterId: string, tasksetId: string): Promise<KeptSteps[]>;
}
