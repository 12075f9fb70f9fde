import type { Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';

/** That a cluster's apply is about to name a blueprint; the cluster's own record tells from then on. */
interface UseDocument {
  /** `project/blueprint/cluster`. */
  _id: string;
  project: string;
  blueprint: string;
  cluster: string;
  notedAt: Date;
}

/** An apply between its note and its record counts as a use; none takes this long. */
const RECORDING_MS = 60_000;

export interface BlueprintUses {
  note(project: string, blueprint: string, cluster: string): Promise<void>;
  /** Names of the clusters that name it, or are about to. */
  of(project: string, blueprint: string): Promise<string[]>;
}

export async function openBlueprintUses(db: Db): Promise<BlueprintUses> {
  const uses = db.collection<UseDocument>(CollectionName.blueprintUses);
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  await uses.createIndex({ project: 1, blueprint: 1 });
  // The database clears away by itself what nobody looks at any more.
  await uses.createIndex({ notedAt: 1 }, { expireAfterSeconds: 3600 }, undefined);
  return {
    async note(project, blueprint, cluster) {
      const _id = [project, blueprint, cluster].join('/');
      const use = { project, blueprint, cluster, notedAt: new Date() };
      await uses.replaceOne({ _id }, use, { upsert: true });
    },
    async of(project, blueprint) {
      const [noted, named] = await Promise.all([
        uses
          .find({ project, blueprint, notedAt: { $gt: new Date(Date.now() - RECORDING_MS) } })
          .toArray(),
        clusters
          .find({ project, 'blueprint.name': blueprint }, { projection: { name: 1 } })
          .toArray(),
      ]);
      const used = new Set(named.map(({ name }) => name));
      for (const { cluster, notedAt } of noted) {
        const found = await clusters.findOne({ project, name: cluster });
        // Recorded since: then its record has told above.
        if (found === null || Date.parse(found.modifiedAt) < notedAt.getTime()) used.add(cluster);
      }
      return [...used].toSorted();
    },
  };
}
