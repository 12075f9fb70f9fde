import type { ClusterRecord } from '../core/records.js';

export interface SnapshotDueKey {
  dueAt: string;
  id: string;
}

export interface ClusterDue {
  id: string;
  project: string;
  name: string;
  /** RFC 3339; the epoch where the first is to be taken at once. */
  dueAt: string;
}

export type ClusterKey = Pick<ClusterRecord, 'id' | 'project' | 'name'>;
