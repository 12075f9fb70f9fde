import type { Collection, Db, UpdateFilter } from 'mongodb';

import { endAsked, takeAsked } from '../core/askedOperations.js';
import type { ClusterRecord } from '../core/records.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import { EVERY_PROJECT } from '../core/sharing.js';
import { CommonConditionStatus } from '../core/words.js';
import { applyCluster, submission } from './applyCluster.js';
import { askOperation, changeAsked, retryAsked } from './askedOperations.js';
import { batched } from './batched.js';
import { clusterHead, clusterRecord, labelTermsOf } from './clusterDocument.js';
import type { ClusterDocument } from './clusterDocument.js';
import { ensureListIndexes, listClusters } from './clusterList.js';
import { noteClusterName, openClusterNames } from './clusterNames.js';
import { CollectionName } from './collections.js';
import { ensureMachineIndexes, findByAddress } from './machines.js';
import { checkPrecondition } from './precondition.js';
import { removeCluster } from './removeCluster.js';
import { settleConditions } from './settleConditions.js';
import { ensureSnapshotIndex, noteSnapshot, snapshotsDue } from './snapshotsDue.js';
import { commonStatus, timestamp } from './timestamps.js';
import type { ClusterStore } from './clusterStore.js';
import type { Precondition } from './precondition.js';

/** Big records: read a few at a time, with no cursor left open while the visitor takes its time. */
const VISIT_BATCH = 50;
/** Half a megabyte each for a thousand nodes, and each step of each of them asks. */
const WITHOUT_SPECS = { projection: { desired: 0, 'applied.spec': 0 } } as const;

export async function openClusters(db: Db): Promise<ClusterStore> {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  await ensureListIndexes(clusters);
  await addLabelTerms(clusters);
  await addBlueprints(clusters);
  await clusters.createIndex({ waiting: 1, waitingSince: 1 });
  await ensureSnapshotIndex(clusters);
  await ensureMachineIndexes(db);
  const names = openClusterNames(db);
  const one = async (filter: Partial<ClusterDocument>) => recordOf(await clusters.findOne(filter));
  const findByName = batched(async (keys) => {
    const asked = keys.map((key) => JSON.parse(key) as [project: string, name: string]);
    const found = await Promise.all(
      [...new Set(asked.map(([project]) => project))].map((project) => {
        const names = asked.filter((pair) => pair[0] === project).map(([, name]) => name);
        return clusters.find({ project, name: { $in: names } }).toArray();
      }),
    );
    return new Map(
      found.flat().map((cluster) => [JSON.stringify([cluster.project, cluster.name]), cluster]),
    );
  });
  const update = async (
    filter: Parameters<typeof clusters.findOneAndUpdate>[0],
    change: UpdateFilter<ClusterDocument>,
  ) => recordOf(await clusters.findOneAndUpdate(filter, change, { returnDocument: 'after' }));
  /** A filter that holds only while what was checked does; undefined: there is no such cluster. */
  const guarded = async (project: string, name: string, precondition: Precondition) => {
    const found = await one({ project, name });
    checkPrecondition(name, found, precondition);
    return found === undefined ? undefined : { _id: found.id, generation: found.generation };
  };
  const mark = async (
    project: string,
    name: string,
    precondition: Precondition | undefined,
    { force = false, by }: { force?: boolean; by?: RequestOrigin },
  ): Promise<ClusterRecord | undefined> => {
    const submitted = submission('the deletion was submitted', by);
    for (;;) {
      const guard = precondition === undefined ? {} : await guarded(project, name, precondition);
      if (guard === undefined) return undefined;
      const marked = await update(
        { project, name, deleting: false, ...guard },
        { $set: { ...submitted, deleting: true, force, modifiedAt: timestamp() } },
      );
      if (marked) return marked;
      // Asked for again after it failed, or with force for the first time: there is something to do again.
      const failed = { 'commonStatus.conditionStatus': CommonConditionStatus.Failed };
      const again = await update(
        {
          ...{ project, name, deleting: true },
          $or: [failed, ...(force ? [{ force: { $ne: true } }] : [])],
        },
        { $set: { ...submitted, force }, $inc: { retries: 1 } },
      );
      if (again) return again;
      const found = await one({ project, name });
      if (found?.deleting !== false) return found;
      // It was changed between the look at it and the write: it is looked at again.
    }
  };
  return {
    apply: (input) => applyCluster(db, input),
    async get(project, name) {
      const found = await findByName(JSON.stringify([project, name]));
      return found === undefined ? undefined : clusterRecord(found);
    },
    async getShared(project, name) {
      const found = await clusters
        .find({ sharedWith: { $in: [project, EVERY_PROJECT] }, name })
        .sort({ project: 1 })
        .limit(1)
        .toArray();
      return recordOf(found[0] ?? null);
    },
    getById: (id) => one({ _id: id }),
    async head(id) {
      const found = await clusters.findOne({ _id: id }, WITHOUT_SPECS);
      return found === null ? undefined : clusterHead(found);
    },
    ...listClusters(clusters, names),
    listRevision: (project) => names.revision(project),
    async markDeleting(project, name, precondition, asked = {}) {
      const marked = await mark(project, name, precondition, asked);
      if (marked !== undefined) await noteClusterName(db, project, name);
      return marked;
    },
    requestWork: (project, name, { reason, sync = false, by }) =>
      update(
        { project, name, deleting: false },
        { $set: submission(reason, by), $inc: { retries: 1, ...(sync ? { syncs: 1 } : {}) } },
      ),
    async setDrift(clusterId, drift) {
      await clusters.updateOne({ _id: clusterId }, { $set: { drift } });
    },
    requestRetry: (project, name, by) => retryAsked(clusters, { project, name }, by),
    ask: (project, name, operation) => askOperation(clusters, { project, name }, operation),
    snapshotsDue: (now, page) => snapshotsDue(clusters, now, page),
    noteSnapshot: (clusterId, takenAt) => noteSnapshot(clusters, clusterId, takenAt),
    takeAsked: (clusterId, taken) =>
      changeAsked(clusters, clusterId, (queue) => takeAsked(queue, taken)),
    endAsked: (clusterId, end) => changeAsked(clusters, clusterId, (queue) => endAsked(queue, end)),
    remove: (clusterId) => removeCluster(db, clusterId),
    unobserved: async (limit) => {
      if (limit < 1) return [];
      const found = await clusters
        .find({ waiting: true })
        .sort({ waitingSince: 1, _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(clusterRecord);
    },
    findByAddress: (endpoints, except) => findByAddress(db, endpoints, except),
    forEachActive: (visit) => forEachActive(clusters, visit),
    ...outcomes(clusters),
  };
}

type Outcomes = Pick<
  ClusterStore,
  | 'setConditions'
  | 'settleConditions'
  | 'setProvisionStatus'
  | 'setCommonStatus'
  | 'setApplied'
  | 'setObserved'
>;

/** What the workflow reports. */
function outcomes(clusters: Collection<ClusterDocument>): Outcomes {
  return {
    async setConditions(clusterId, conditions) {
      await clusters.updateOne({ _id: clusterId }, { $set: { conditions } });
    },
    settleConditions: (clusterId) => settleConditions(clusters, clusterId),
    async setProvisionStatus(clusterId, provisionStatus) {
      await clusters.updateOne({ _id: clusterId }, { $set: { provisionStatus } });
    },
    async setCommonStatus(clusterId, value) {
      await clusters.updateOne(
        {
          _id: clusterId,
          generation: { $lte: value.generation },
          commonSequence: { $lte: value.sequence },
          ...(value.retries === undefined ? {} : { retries: { $lte: value.retries } }),
          ...(value.deleting === undefined ? {} : { deleting: value.deleting }),
        },
        {
          $set: {
            commonStatus: commonStatus(value.conditionStatus, value.reason),
            commonSequence: value.sequence,
          },
        },
      );
    },
    async setApplied(clusterId, { spec, ...plain }) {
      const fields = Object.entries({
        ...plain,
        ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
      }).map(([key, value]) => [`applied.${key}`, value] as const);
      if (fields.length === 0) return;
      await clusters.updateOne({ _id: clusterId }, { $set: Object.fromEntries(fields) });
    },
    async setObserved(clusterId, { generation, retries, deleting }) {
      // As a pipeline, so that `waiting` is decided by the values that stand after this write.
      await clusters.updateOne({ _id: clusterId }, [
        {
          $set: {
            'observed.generation': { $max: ['$observed.generation', generation] },
            'observed.retries': { $max: ['$observed.retries', retries] },
            'observed.deleting': { $or: ['$observed.deleting', deleting] },
          },
        },
        {
          $set: {
            waiting: {
              $or: [
                { $gt: ['$generation', '$observed.generation'] },
                { $gt: ['$retries', '$observed.retries'] },
                { $ne: ['$deleting', '$observed.deleting'] },
              ],
            },
          },
        },
        // Whoever asks next without a request is not taken for who did before.
        {
          $set: {
            submittedBy: {
              $cond: [
                '$waiting',
                { $ifNull: ['$submittedBy', { $literal: {} }] },
                { $literal: {} },
              ],
            },
          },
        },
      ]);
    },
  };
}

async function forEachActive(
  clusters: Collection<ClusterDocument>,
  visit: Parameters<ClusterStore['forEachActive']>[0],
): Promise<void> {
  let after = '';
  for (;;) {
    const batch = await clusters
      .find({ waiting: true, _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(VISIT_BATCH)
      .toArray();
    for (const document of batch) await visit(clusterRecord(document));
    const last = batch.at(-1);
    if (last === undefined) return;
    after = last._id;
  }
}

function recordOf(document: ClusterDocument | null) {
  return document === null ? undefined : clusterRecord(document);
}

/** For clusters that were stored before there was an index of their blueprints. */
async function addBlueprints(clusters: Collection<ClusterDocument>): Promise<void> {
  const old = clusters.find({ blueprint: { $exists: false } }, { projection: { desired: 1 } });
  for await (const { _id, desired } of old) {
    const { blueprint } = (JSON.parse(desired) as ClusterRecord['desired']).spec;
    // Unless an apply came in between and wrote its own.
    await clusters.updateOne({ _id, desired }, { $set: { blueprint } });
  }
}

/** For clusters that were stored before labels were indexed. */
async function addLabelTerms(clusters: Collection<ClusterDocument>): Promise<void> {
  const old = clusters.find({ labelTerms: { $exists: false } }, { projection: { desired: 1 } });
  for await (const { _id, desired } of old) {
    const labelTerms = labelTermsOf(JSON.parse(desired) as ClusterRecord['desired']);
    // Unless an apply came in between and wrote its own.
    await clusters.updateOne({ _id, desired }, { $set: { labelTerms } });
  }
}
