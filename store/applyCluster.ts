import type { Collection, Db, Filter } from 'mongodb';

import { initialConditions } from '../core/conditions.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import { isRestoring } from '../core/restoreChecks.js';
import { sharedWith } from '../core/sharing.js';
import { isSameSpec } from '../core/specHash.js';
import { CommonConditionStatus, ProvisionStatus } from '../core/words.js';
import { askedAgain, unchanged as queueUnchanged } from './askedOperations.js';
import { clusterRecord, labelTermsOf } from './clusterDocument.js';
import type { ClusterDocument } from './clusterDocument.js';
import { noteClusterName } from './clusterNames.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { checkPrecondition } from './precondition.js';
import { forgetMachines, noteMachines } from './machines.js';
import { newId } from './newId.js';
import { dueAtOf } from './snapshotsDue.js';
import { commonStatus, timestamp } from './timestamps.js';
import type { ClusterStore } from './clusterStore.js';

export type ApplyInput = Parameters<ClusterStore['apply']>[0];
export type ApplyResult = Awaited<ReturnType<ClusterStore['apply']>>;

/** Each lost round means that another apply won: this many at once for one cluster is no accident. */
const MAX_ROUNDS = 50;

/** What a change leaves for the workflow to do and for clients to see, in the same write; `by`: the request that made it. */
export function submission(
  reason: string,
  by?: RequestOrigin,
): Pick<ClusterDocument, 'commonStatus' | 'waiting' | 'waitingSince' | 'submittedBy'> {
  const now = new Date();
  return {
    commonStatus: commonStatus(CommonConditionStatus.Submitted, reason, now),
    waiting: true,
    waitingSince: timestamp(now),
    ...(by === undefined ? {} : { submittedBy: by }),
  };
}

/** One apply as a loop of read, decide, and a write that only holds if nothing came in between. */
export async function applyCluster(db: Db, input: ApplyInput): Promise<ApplyResult> {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const { project, name } = input;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const existing = await clusters.findOne({ project, name });
    // In every round: what another apply has done since must not be lost.
    checkPrecondition(
      name,
      existing === null ? undefined : { ...existing, id: existing._id },
      input.precondition,
    );
    const result =
      existing === null
        ? await create(db, clusters, input)
        : await change(db, clusters, existing, input);
    if (result !== undefined) {
      // Unchanged, too: the apply that changed it may have died before it noted that.
      await noteClusterName(db, project, name);
      return result;
    }
  }
  throw new AppError(
    ErrorCode.Busy,
    `cluster ${name} is being changed by too many others at once: try again`,
  );
}

async function create(
  db: Db,
  clusters: Collection<ClusterDocument>,
  input: ApplyInput,
): Promise<ApplyResult | undefined> {
  const document = newDocument(input);
  await noteMachines(db, document._id, input);
  try {
    await clusters.insertOne(document);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    // The driver sends a write again after a dropped connection: the one that stands may be ours.
    const standing = await clusters.findOne({ _id: document._id });
    if (standing === null) await forgetMachines(db, document._id);
    if (standing?.createdAt !== document.createdAt || standing.desired !== document.desired) {
      return undefined;
    }
  }
  return { record: clusterRecord(document), created: true, changed: true };
}

async function change(
  db: Db,
  clusters: Collection<ClusterDocument>,
  existing: ClusterDocument,
  input: ApplyInput,
): Promise<ApplyResult | undefined> {
  if (existing.deleting) {
    throw new AppError(
      ErrorCode.Conflict,
      `cluster ${input.name} is being deleted: apply it again once it is gone`,
    );
  }
  const { _id, generation, retries } = existing;
  const unchanged = { _id, generation, retries, deleting: false };
  const force = input.force === true;
  if (isSameSpec(clusterRecord(existing), input)) {
    const { conditionStatus } = existing.commonStatus;
    const forcedNow =
      force && existing.force !== true && conditionStatus !== CommonConditionStatus.Ok;
    if (conditionStatus !== CommonConditionStatus.Failed && !forcedNow) {
      return { record: clusterRecord(existing), created: false, changed: false };
    }
    return updated(
      clusters,
      { ...unchanged, ...queueUnchanged(existing) },
      {
        ...submission('the same configuration was submitted again', input.by),
        // A restore that was refused, or cancelled before it began, waits for a person: this may be a script, hours later.
        ...askedAgain(existing, { restores: isRestoring(existing) }),
        retries: retries + 1,
        force,
      },
    );
  }
  await noteMachines(db, _id, input);
  return updated(clusters, unchanged, {
    ...submission('a changed configuration was submitted', input.by),
    generation: generation + 1,
    desired: JSON.stringify(input.desired),
    sharedWith: sharedWith(input.desired.spec),
    labelTerms: labelTermsOf(input.desired),
    blueprint: input.desired.spec.blueprint,
    snapshotDueAt: dueAtOf(input.desired, {
      last: existing.lastSnapshotAt,
      createdAt: existing.createdAt,
    }),
    secretsHash: input.secretsHash,
    modifiedAt: timestamp(),
    force,
  });
}

async function updated(
  clusters: Collection<ClusterDocument>,
  filter: Filter<ClusterDocument>,
  set: Partial<ClusterDocument>,
): Promise<ApplyResult | undefined> {
  const document = await clusters.findOneAndUpdate(
    filter,
    { $set: set },
    { returnDocument: 'after' },
  );
  if (document === null) return undefined;
  return { record: clusterRecord(document), created: false, changed: true };
}

function newDocument({ project, name, desired, secretsHash, by }: ApplyInput): ClusterDocument {
  const now = timestamp();
  return {
    _id: newId(),
    project,
    name,
    generation: 1,
    desired: JSON.stringify(desired),
    sharedWith: sharedWith(desired.spec),
    labelTerms: labelTermsOf(desired),
    blueprint: desired.spec.blueprint,
    snapshotDueAt: dueAtOf(desired, { createdAt: now }),
    secretsHash,
    createdAt: now,
    modifiedAt: now,
    deleting: false,
    retries: 0,
    observed: { generation: 0, retries: 0, deleting: false },
    conditions: initialConditions(now),
    provisionStatus: ProvisionStatus.NotStarted,
    applied: { initialised: false, created: false },
    commonSequence: 0,
    ...submission('a new cluster was submitted', by),
  };
}
