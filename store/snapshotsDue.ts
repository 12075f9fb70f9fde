import type { Collection } from 'mongodb';

import type { ClusterRecord } from '../core/records.js';
import { clusterSnapshotDueAt } from '../core/snapshotPolicy.js';
import type { ClusterDocument } from './clusterDocument.js';
import type { ClusterStore } from './clusterStore.js';

/** Sorts after every time there is. */
const NEVER = 'never';

/** Beside the rest of the cluster, so that an index finds the few that are due among many. */
export function dueAtOf(
  desired: ClusterRecord['desired'],
  of: Parameters<typeof clusterSnapshotDueAt>[1],
): string {
  return clusterSnapshotDueAt(desired.metadata.annotations, of) ?? NEVER;
}

export async function ensureSnapshotIndex(clusters: Collection<ClusterDocument>): Promise<void> {
  await clusters.createIndex({ 'applied.created': 1, snapshotDueAt: 1, _id: 1 });
  // Stored before there were snapshots.
  const old = clusters.find(
    { snapshotDueAt: { $exists: false } },
    { projection: { desired: 1, createdAt: 1 } },
  );
  for await (const { _id, desired, createdAt } of old) {
    const dueAt = dueAtOf(JSON.parse(desired) as ClusterRecord['desired'], { createdAt });
    await clusters.updateOne(
      { _id, snapshotDueAt: { $exists: false } },
      { $set: { snapshotDueAt: dueAt } },
    );
  }
}

/** See ClusterStore.snapshotsDue. */
export async function snapshotsDue(
  clusters: Collection<ClusterDocument>,
  now: Date,
  { limit, after }: Parameters<ClusterStore['snapshotsDue']>[1],
): ReturnType<ClusterStore['snapshotsDue']> {
  const by = now.toISOString();
  const found = await clusters
    .find(
      {
        'applied.created': true,
        snapshotDueAt: { $lte: by, ...(after === undefined ? {} : { $gte: after.dueAt }) },
        ...(after === undefined
          ? {}
          : { $or: [{ snapshotDueAt: { $gt: after.dueAt } }, { _id: { $gt: after.id } }] }),
      },
      {
        projection: { project: 1, name: 1, snapshotDueAt: 1, deleting: 1, 'applied.restoring': 1 },
      },
    )
    .sort({ snapshotDueAt: 1, _id: 1 })
    .limit(limit)
    .toArray();
  const last = found.length < limit ? undefined : found.at(-1);
  return {
    items: found
      // Half restored, it has no data to be kept.
      .filter(({ deleting, applied }) => !deleting && !applied.restoring)
      .map(({ _id: id, project, name, snapshotDueAt: dueAt = '' }) => ({
        id,
        project,
        name,
        dueAt,
      })),
    ...(last === undefined ? {} : { next: { dueAt: last.snapshotDueAt ?? '', id: last._id } }),
  };
}

/** See ClusterStore.noteSnapshot. */
export async function noteSnapshot(
  clusters: Collection<ClusterDocument>,
  clusterId: string,
  takenAt: string,
): Promise<void> {
  for (;;) {
    const found = await clusters.findOne(
      { _id: clusterId },
      { projection: { desired: 1, lastSnapshotAt: 1, createdAt: 1 } },
    );
    if (found === null) return;
    const { desired, lastSnapshotAt = '', createdAt } = found;
    if (lastSnapshotAt >= takenAt) return;
    const of = { last: takenAt, createdAt };
    const dueAt = dueAtOf(JSON.parse(desired) as ClusterRecord['desired'], of);
    // Unless an apply brought another policy in between.
    const { matchedCount } = await clusters.updateOne(
      { _id: clusterId, desired },
      { $set: { lastSnapshotAt: takenAt, snapshotDueAt: dueAt } },
    );
    if (matchedCount > 0) return;
  }
}
