import type { Db } from 'mongodb';

import type { NodeSpec } from '../core/cluster.js';
import type { ClusterRecord } from '../core/records.js';
import { TasksetStatus } from '../core/words.js';
import { batched } from './batched.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { NodeDocument } from './nodeDocument.js';
import type { TasksetDocument } from './tasksetDocument.js';
import type { WatchedRecord, WatchSubject } from './watchTypes.js';

const CLUSTER_FIELDS = {
  ...{ project: 1, name: 1, desired: 1, deleting: 1, conditions: 1, generation: 1, retries: 1 },
  ...{ waiting: 1, observed: 1, judged: 1, removing: 1 },
  ...{ 'applied.initialised': 1, 'applied.kubernetesVersion': 1 },
} as const;
/** All but the specs: what tells whether anything has been done since. */
const STATE_FIELDS = {
  ...{ deleting: 1, conditions: 1, generation: 1, retries: 1, waiting: 1, observed: 1 },
  ...{ judged: 1, removing: 1 },
} as const;
const NODE_FIELDS = {
  ...{ clusterId: 1, hostname: 1, status: 1, joined: 1, leaving: 1, spec: 1, modifiedAt: 1 },
  ...{ 'steps.kubeadm-init.startedAt': 1, 'steps.control-plane-restore.startedAt': 1 },
} as const;

const AT_WORK: readonly TasksetStatus[] = [TasksetStatus.Pending, TasksetStatus.InProgress];

/** Where a cluster stands at a moment. */
export interface ClusterState extends Pick<ClusterDocument, 'conditions' | 'judged' | 'deleting'> {
  version: string;
  busy: boolean;
}

/** What a watcher reads of clusters: those that are looked at in the same moment share each read. */
export interface WatchSubjects {
  get(clusterId: string): Promise<WatchSubject | undefined>;
  state(clusterId: string): Promise<ClusterState | undefined>;
}

export function watchSubjects(db: Db): WatchSubjects {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const nodes = db.collection<NodeDocument>(CollectionName.nodes);
  const tasksets = db.collection<TasksetDocument>(CollectionName.tasksets);

  const findClusters = batched(async (ids) => {
    const found = await clusters
      .find({ _id: { $in: ids } }, { projection: CLUSTER_FIELDS })
      .toArray();
    return new Map(found.map((cluster) => [cluster._id, cluster]));
  });
  const findNodes = batched(async (ids) => {
    const found = await nodes
      .find({ clusterId: { $in: ids } }, { projection: NODE_FIELDS })
      .toArray();
    const byCluster = new Map<string, WatchedRecord[]>();
    for (const document of found) {
      const known = byCluster.get(document.clusterId) ?? [];
      known.push(watchedRecord(document));
      byCluster.set(document.clusterId, known);
    }
    return byCluster;
  });
  /** Only of clusters that something waits for: of the others no taskset is at work. */
  const atWork = batched(async (ids) => {
    const found = await tasksets
      .find(
        { clusterId: { $in: ids }, status: { $in: [...AT_WORK] } },
        { projection: { clusterId: 1 } },
      )
      .toArray();
    return new Map(found.map(({ clusterId }) => [clusterId, true]));
  });
  const isBusy = async ({ _id, waiting }: Pick<ClusterDocument, '_id' | 'waiting'>) =>
    waiting && (await atWork(_id)) === true;

  return {
    async get(clusterId) {
      const [cluster, known = []] = await Promise.all([
        findClusters(clusterId),
        findNodes(clusterId),
      ]);
      if (cluster === undefined || cluster.removing === true) return undefined;
      const { _id: id, project, name, deleting, conditions, applied } = cluster;
      return {
        ...{ id, project, name, deleting, conditions },
        initialised: applied.initialised,
        ...(applied.kubernetesVersion === undefined
          ? {}
          : { kubernetesVersion: applied.kubernetesVersion }),
        spec: (JSON.parse(cluster.desired) as ClusterRecord['desired']).spec,
        busy: await isBusy(cluster),
        version: versionOf(cluster),
        nodes: known,
      };
    },
    async state(clusterId) {
      const found = await clusters.findOne({ _id: clusterId }, { projection: STATE_FIELDS });
      if (found === null || found.removing === true) return undefined;
      const { conditions, judged, deleting } = found;
      return {
        ...{ conditions, deleting },
        ...(judged === undefined ? {} : { judged }),
        version: versionOf(found),
        busy: await isBusy(found),
      };
    },
  };
}

/** Another one whenever something was asked for, or what was asked for was done. */
function versionOf({
  generation,
  retries,
  deleting,
  waiting,
  observed,
}: Pick<ClusterDocument, 'generation' | 'retries' | 'deleting' | 'waiting' | 'observed'>): string {
  return JSON.stringify([
    ...[generation, retries, deleting, waiting],
    ...[observed.generation, observed.retries],
  ]);
}

function watchedRecord(document: NodeDocument): WatchedRecord {
  const { hostname, status, joined, leaving = false, modifiedAt, steps } = document;
  const spec = JSON.parse(document.spec) as NodeSpec;
  return { hostname, status, joined, leaving, modifiedAt, steps, spec, privateIP: spec.privateIP };
}
