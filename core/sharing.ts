import type { ClusterSpec } from './cluster.js';

/** In `sharing.projects`: whoever may read a project may read the cluster. */
export const EVERY_PROJECT = '*';

/** Whether a project may read a cluster: its own, or one that is shared with it. */
export function mayRead(
  of: { project: string; desired: { spec: ClusterSpec } },
  project: string,
): boolean {
  if (of.project === project) return true;
  const others = sharedWith(of.desired.spec);
  return others.includes(project) || others.includes(EVERY_PROJECT);
}

/** The projects that may read a cluster beside its own; none while sharing is off. */
export function sharedWith({ sharing }: ClusterSpec): string[] {
  if (sharing?.enabled !== true) return [];
  return [...new Set((sharing.projects ?? []).map(({ name }) => name))].toSorted();
}
