import type { ClusterStatus, CommonStatus, Condition } from './cluster.js';
import { CommonConditionStatus, ConditionStatus, ConditionType, ProvisionStatus } from './words.js';

/** How a cluster stands in one word, for people. */
export const ClusterState = {
  Ready: 'READY',
  /** What is desired is applied, and something is not as it should be. */
  Degraded: 'DEGRADED',
  /** Something is to be done, or is being done. */
  Working: 'WORKING',
  Failed: 'FAILED',
  Deleting: 'DELETING',
} as const;
export type ClusterState = (typeof ClusterState)[keyof typeof ClusterState];

export interface StateOf {
  commonStatus: Pick<CommonStatus, 'conditionStatus' | 'reason'>;
  provisionStatus: ProvisionStatus;
  conditions: readonly Condition[];
  deleting?: boolean;
}

/** The word, and why. */
export function clusterState(of: StateOf | ClusterStatus): { state: ClusterState; reason: string } {
  const { commonStatus, provisionStatus, conditions } = of;
  const { conditionStatus, reason } = commonStatus;
  if (conditionStatus === CommonConditionStatus.Failed)
    return { state: ClusterState.Failed, reason };
  const deleting = 'deleting' in of && of.deleting;
  if (deleting || provisionStatus === ProvisionStatus.DeletionInProgress) {
    return { state: ClusterState.Deleting, reason };
  }
  if (conditionStatus !== CommonConditionStatus.Ok) return { state: ClusterState.Working, reason };
  const ready = conditions.find(({ type }) => type === ConditionType.Ready);
  if (ready?.status === ConditionStatus.False) {
    return { state: ClusterState.Degraded, reason: ready.reason };
  }
  return { state: ClusterState.Ready, reason };
}
