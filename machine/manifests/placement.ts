import type { SystemComponentsPlacement, Toleration } from '../../core/cluster.js';

export interface PlacedPod {
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
}

/**
 * `systemComponentsPlacement` on the pod of a workload of ours; daemon sets follow their own override. What has to
 * run on every node (`everywhere`) gets the tolerations, and no selector: a node without a network is none.
 */
export function place(
  pod: PlacedPod,
  workload: { kind: string | undefined; everywhere?: boolean },
  placement: SystemComponentsPlacement | undefined,
): void {
  if (placement === undefined) return;
  const override = placement.daemonSetOverride;
  const daemon = workload.kind === 'DaemonSet';
  const selects = !daemon || (override?.nodeSelectionEnabled === true && !workload.everywhere);
  if (selects && placement.nodeSelector !== undefined) {
    pod.nodeSelector = { ...pod.nodeSelector, ...placement.nodeSelector };
  }
  const tolerations = daemon
    ? (override?.tolerations ?? placement.tolerations)
    : placement.tolerations;
  if (tolerations !== undefined) pod.tolerations = [...(pod.tolerations ?? []), ...tolerations];
}
