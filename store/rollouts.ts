import type { Db } from 'mongodb';

import { NEWEST_VERSION } from '../core/blueprints.js';
import type { Rollout, RolloutCluster } from '../core/rollout.js';
import type { BlueprintDocument } from './blueprints.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { BlueprintStore } from './blueprintStore.js';

/** Clusters are JSON text: there may be thousands, and they are only ever read whole. */
interface RolloutDocument extends Omit<Rollout, 'clusters'> {
  /** `project/name`. */
  _id: string;
  clusters: string;
}

type Rollouts = Pick<
  BlueprintStore,
  'followers' | 'rollout' | 'putRollout' | 'endRollout' | 'pendingRollouts'
>;

/** How versions come to clusters: one rollout a blueprint, the newest. */
export async function openRollouts(db: Db): Promise<Rollouts> {
  const rollouts = db.collection<RolloutDocument>(CollectionName.blueprintRollouts);
  const blueprints = db.collection<BlueprintDocument>(CollectionName.blueprints);
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  await clusters.createIndex({ project: 1, 'blueprint.name': 1, name: 1 });
  const put = async ({ clusters: list, ...rest }: Rollout): Promise<void> => {
    const _id = `${rest.project}/${rest.name}`;
    const document = { ...rest, clusters: JSON.stringify(list) };
    await rollouts.replaceOne({ _id }, document, { upsert: true });
  };
  return {
    async followers(project, name) {
      const found = await clusters
        .find(
          {
            ...{
              project,
              'blueprint.name': name,
              'blueprint.version': { $in: [null, NEWEST_VERSION] },
            },
            deleting: false,
          },
          { projection: { name: 1 } },
        )
        .sort({ name: 1 })
        .toArray();
      return found.map(({ _id: id, name: cluster }) => ({ id, name: cluster }));
    },
    async rollout(project, name) {
      const found = await rollouts.findOne({ _id: `${project}/${name}` });
      if (found === null) return undefined;
      const { _id, clusters: list, ...rest } = found;
      return { ...rest, clusters: JSON.parse(list) as RolloutCluster[] };
    },
    putRollout: put,
    async endRollout(rollout) {
      await put(rollout);
      const { project, name } = rollout;
      const [newest] = await db
        .collection<{ sequence: number }>(CollectionName.blueprintVersions)
        .find({ project, name })
        .sort({ sequence: -1 })
        .limit(1)
        .toArray();
      // A version that came meanwhile has yet to be rolled out.
      if (newest !== undefined && newest.sequence > rollout.sequence) return;
      await blueprints.updateOne({ _id: `${project}/${name}` }, { $unset: { rolloutPending: '' } });
    },
    async pendingRollouts(limit) {
      const found = await blueprints
        .find({ rolloutPending: true, removing: { $exists: false } })
        .project<{ project: string; name: string }>({ _id: 0, project: 1, name: 1 })
        .limit(limit)
        .toArray();
      return found;
    },
  };
}
