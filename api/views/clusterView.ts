import type { Cluster } from '../../core/cluster.js';
import type { ClusterRecord } from '../../core/records.js';
import { resourceVersion } from '../../core/resourceVersion.js';
import { clusterStatusView, LAST_TASKSETS } from '../../core/status.js';
import type { Store } from '../../store/types.js';

/** The Cluster resource as it was given, with nothing added but `modifiedAt` and `resourceVersion`. */
export function clusterView(
  record: Pick<ClusterRecord, 'id' | 'generation' | 'deleting' | 'modifiedAt' | 'desired'>,
): Cluster {
  const { desired, modifiedAt } = record;
  const { apiVersion, kind, metadata, spec } = desired;
  return {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      modifiedAt: withMicroseconds(modifiedAt),
      resourceVersion: resourceVersion(record),
    },
    spec,
  };
}

/** The Cluster with its status: three reads, whatever the size of the cluster. */
export async function clusterWithStatus(store: Store, record: ClusterRecord): Promise<Cluster> {
  const [nodes, tasksets] = await Promise.all([
    store.nodes.statuses(record.id),
    store.tasksets.latest(record.id, LAST_TASKSETS),
  ]);
  return { ...clusterView(record), status: clusterStatusView(record, nodes, tasksets) };
}

/** RFC 3339 with six digits, as clients of this API know it. */
export function withMicroseconds(time: string): string {
  return time.replace(
    /(?:\.(\d+))?Z$/,
    (_all, digits?: string) => `.${(digits ?? '').padEnd(6, '0').slice(0, 6)}Z`,
  );
}
