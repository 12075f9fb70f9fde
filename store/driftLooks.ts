import type { Collection, Db } from 'mongodb';

import { CommonConditionStatus } from '../core/words.js';
import { submission } from './applyCluster.js';
import type { BlueprintDocument } from './blueprints.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { DriftStore } from './driftStore.js';

/** Blueprints that want their clusters looked at by the clock, and when each cluster was asked for that last. */
export async function openDriftLooks(db: Db): Promise<DriftStore> {
  const blueprints = db.collection<BlueprintDocument>(CollectionName.blueprints);
  const clusters: Collection<ClusterDocument> = db.collection(CollectionName.clusters);
  await blueprints.createIndex({ driftEveryHours: 1, _id: 1 }, { sparse: true }, undefined);
  /**
   * As they were to be, and nothing under way: what failed waits for a person, and whoever is at work now is looked at
   * in the next pass. Asked before `before`, or never.
   */
  const due = (before: Date) => ({
    ...{ 'applied.created': true, deleting: false, waiting: false },
    'commonStatus.conditionStatus': CommonConditionStatus.Ok,
    driftAskedAt: { $not: { $gt: before.toISOString() } },
  });
  return {
    async blueprints({ limit, after }) {
      const found = await blueprints
        .find({
          driftEveryHours: { $gte: 1 },
          removing: { $exists: false },
          ...(after === undefined ? {} : { _id: { $gt: after } }),
        })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(({ _id: id, project, name, driftEveryHours = 1 }) => ({
        ...{ id, project, name },
        everyHours: driftEveryHours,
      }));
    },
    async due({ project, name, before, limit }) {
      const found = await clusters
        .find(
          { project, 'blueprint.name': name, ...due(before) },
          { projection: { project: 1, name: 1 } },
        )
        .sort({ name: 1 })
        .limit(limit)
        .toArray();
      return found.map((cluster) => ({ id: cluster._id, project, name: cluster.name }));
    },
    async ask(clusterId, { before, now, reason }) {
      const { matchedCount } = await clusters.updateOne(
        { _id: clusterId, ...due(before) },
        {
          $set: { ...submission(reason), driftAskedAt: now.toISOString() },
          $inc: { retries: 1, syncs: 1 },
        },
      );
      return matchedCount > 0;
    },
  };
}
