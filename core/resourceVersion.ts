import type { ClusterRecord } from './records.js';

/**
 * Names what a client could have read of a cluster's desired state: another one exactly when somebody has
 * applied a change or asked for the deletion since. Progress of the work on it does not count, or else nobody
 * could change a cluster that is being worked on.
 */
export function resourceVersion(
  record: Pick<ClusterRecord, 'id' | 'generation' | 'deleting'>,
): string {
  return `${record.id}-${String(record.generation)}${record.deleting ? '-deleting' : ''}`;
}
