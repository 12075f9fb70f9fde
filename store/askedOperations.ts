import type { Collection, Filter } from 'mongodb';

import { ask, askAgain, type AskedOperation, type AskedQueue } from '../core/askedOperations.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { ClusterRecord } from '../core/records.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import { submission } from './applyCluster.js';
import { clusterRecord } from './clusterDocument.js';
import type { ClusterDocument } from './clusterDocument.js';
import { timestamp } from './timestamps.js';

/** Each lost round means that another write of the queue won. */
const MAX_ROUNDS = 50;

type QueueFields = Pick<ClusterDocument, 'asked' | 'askedDone' | 'askedRevision'>;

/** See ClusterStore.ask. */
export async function askOperation(
  clusters: Collection<ClusterDocument>,
  { project, name }: { project: string; name: string },
  operation: Pick<AskedOperation, 'id' | 'kind' | 'args' | 'by'>,
): Promise<{ record: ClusterRecord; asked: AskedOperation; fresh: boolean } | undefined> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = await clusters.findOne({ project, name });
    if (found === null) return undefined;
    if (found.deleting) {
      throw new AppError(ErrorCode.Conflict, `cluster ${name} is being deleted`);
    }
    const retries = found.retries + 1;
    const next = ask(queueOf(found), { ...operation, askedAt: timestamp(), retries });
    if (next === undefined) {
      throw new AppError(
        ErrorCode.Conflict,
        `cluster ${name} has too many operations waiting: ask again once some of them are done`,
      );
    }
    const { asked, fresh } = next;
    if (!fresh) return { record: clusterRecord(found), asked, fresh };
    const written = await clusters.findOneAndUpdate(
      { ...unchanged(found), deleting: false },
      {
        $set: {
          ...submission(`asked for: ${operation.kind}`),
          ...fieldsOf(next.queue, found),
          retries,
        },
      },
      { returnDocument: 'after' },
    );
    if (written !== null) return { record: clusterRecord(written), asked, fresh };
  }
  throw busy(name);
}

/** See ClusterStore.requestRetry. */
export async function retryAsked(
  clusters: Collection<ClusterDocument>,
  which: { project: string; name: string },
  by?: RequestOrigin,
): Promise<ClusterRecord | undefined> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = await clusters.findOne(which);
    if (found === null) return undefined;
    const written = await clusters.findOneAndUpdate(
      unchanged(found),
      {
        $set: {
          ...submission('a retry was submitted', by),
          ...askedAgain(found),
          retries: found.retries + 1,
        },
      },
      { returnDocument: 'after' },
    );
    if (written !== null) return clusterRecord(written);
  }
  throw busy(which.name);
}

/** Puts the queue through `change`; a cluster that is gone has none. */
export async function changeAsked(
  clusters: Collection<ClusterDocument>,
  clusterId: string,
  change: (queue: AskedQueue) => AskedQueue,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = await clusters.findOne({ _id: clusterId });
    if (found?.asked === undefined || found.asked.length === 0) return;
    const { matchedCount } = await clusters.updateOne(unchanged(found), {
      $set: fieldsOf(change(queueOf(found)), found),
    });
    if (matchedCount > 0) return;
  }
  throw busy(clusterId);
}

/** What failed of what was asked for is asked for again: part of the write that submits a retry. */
export function askedAgain(
  found: ClusterDocument,
  options?: Parameters<typeof askAgain>[1],
): QueueFields {
  if (found.asked?.some((entry) => entry.failed === true) !== true) return {};
  return fieldsOf(askAgain(queueOf(found), options), found);
}

/** Holds only while nobody has asked, applied or retried since. */
export function unchanged({ _id, generation, retries, askedRevision }: ClusterDocument) {
  const revision = askedRevision ?? { $exists: false };
  return { _id, generation, retries, askedRevision: revision } as Filter<ClusterDocument>;
}

function queueOf({ asked = [], askedDone = [] }: ClusterDocument): AskedQueue {
  return { entries: asked, done: askedDone };
}

function fieldsOf({ entries, done }: AskedQueue, before: ClusterDocument): QueueFields {
  return {
    ...{ asked: [...entries], askedDone: [...done] },
    askedRevision: (before.askedRevision ?? 0) + 1,
  };
}

function busy(name: string): AppError {
  return new AppError(
    ErrorCode.Busy,
    `cluster ${name} is being changed by too many others at once: try again`,
  );
}
