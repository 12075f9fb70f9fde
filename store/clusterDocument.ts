import type { BlueprintRef } from '../core/blueprints.js';
import type { AppliedCluster, ClusterRecord } from '../core/records.js';
import type { ClusterSpec } from '../core/cluster.js';
import { labelTerms } from '../core/labels.js';
import type { ClusterHead, DesiredCluster } from './clusterStore.js';

/**
 * A cluster as it lies in the database. Specs are JSON text: their label keys hold dots and dollars, and a
 * thousand nodes as one string cost a tenth of what they cost as a tree on every small update.
 */
export interface ClusterDocument extends Omit<ClusterRecord, 'id' | 'desired' | 'applied'> {
  _id: string;
  desired: string;
  applied: Omit<AppliedCluster, 'spec'> & { spec?: string };
  /** Desired is ahead of observed; kept beside them so that an index finds these clusters. */
  waiting: boolean;
  waitingSince: string;
  /** Keys and pairs of the cluster's labels: what a label selector is looked up by. */
  labelTerms: string[];
  /** Sequence of the taskset that wrote commonStatus last. */
  commonSequence: number;
  /** Projects that may read it; left out by documents from before there was sharing. */
  sharedWith?: string[];
  /** As the spec names it: found by name. Left out by documents from before there was an index. */
  blueprint?: BlueprintRef;
  /** When etcd is to be snapshotted next; NEVER: not by itself. Left out by documents from before there were any. */
  snapshotDueAt?: string;
  lastSnapshotAt?: string;
  /** When a look at drift was last asked for by the clock. */
  driftAskedAt?: string;
  /** Ids of the asked operations that were done last. */
  askedDone?: string[];
  /** Goes up with each write of the queue of asked operations: none of two at once is lost. */
  askedRevision?: number;
  /** Somebody looks at it from time to time; left out: nobody does yet. */
  watched?: boolean;
  /** Sequence of the last look that has judged it, and what it made of ClusterReady, unless True. */
  judged?: { sequence: number; reason?: string };
  /** Its children are being removed: none may be added any more. */
  removing?: true;
}

export function clusterRecord(document: ClusterDocument): ClusterRecord {
  const { applied } = document;
  const of = desiredCluster(document);
  return {
    ...of,
    applied: {
      ...of.applied,
      ...(applied.spec === undefined ? {} : { spec: JSON.parse(applied.spec) as ClusterSpec }),
    },
  };
}

/** Of a document that may have been read without the spec that was applied. */
export function desiredCluster(document: ClusterDocument): DesiredCluster {
  return {
    ...clusterHead(document),
    desired: JSON.parse(document.desired) as ClusterRecord['desired'],
  };
}

/** Of a document that may have been read without its specs. */
export function clusterHead(
  document: Omit<ClusterDocument, 'desired'> & { desired?: string },
): ClusterHead {
  const {
    _id: id,
    desired: _desired,
    applied: { spec: _spec, ...applied },
    waiting: _waiting,
    waitingSince: _since,
    commonSequence: _sequence,
    removing: _removing,
    sharedWith: _sharedWith,
    labelTerms: _terms,
    blueprint: _blueprint,
    snapshotDueAt: _dueAt,
    lastSnapshotAt: _snapshot,
    driftAskedAt: _driftAt,
    askedDone: _done,
    askedRevision: _revision,
    watched: _watched,
    judged: _judged,
    ...rest
  } = document;
  return { id, ...rest, applied };
}

export function labelTermsOf(desired: ClusterRecord['desired']): string[] {
  return labelTerms(desired.metadata.labels);
}
