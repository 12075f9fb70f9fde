import type { AskedEnd, AskedOperation } from '../core/askedOperations.js';
import type { Cluster, Condition } from '../core/cluster.js';
import type { LabelRequirement } from '../core/labels.js';
import type { AppliedCluster, ClusterRecord, DriftRecord } from '../core/records.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import type { CommonConditionStatus, ProvisionStatus } from '../core/words.js';
import type { ClusterDue, SnapshotDueKey } from './clusterDue.js';
import type { NameFilter, Page, Slice } from './page.js';
import type { Precondition } from './precondition.js';

/** What lists show of a cluster: nothing in it changes without a new `listRevision`. Not to be changed. */
export interface ListedCluster extends Pick<
  ClusterRecord,
  'id' | 'name' | 'generation' | 'deleting' | 'modifiedAt'
> {
  /** JSON of `ClusterRecord.desired`. */
  desired: string;
}

/** A cluster without what is desired and without the spec that was applied. */
export type ClusterHead = Omit<ClusterRecord, 'desired' | 'applied'> & {
  applied: Omit<AppliedCluster, 'spec'>;
};

/** A cluster without the spec that was applied. */
export type DesiredCluster = ClusterHead & Pick<ClusterRecord, 'desired'>;

export interface ClusterStore {
  /**
   * In one atomic write: a new cluster, or a new generation of the one of that name, and commonStatus = submitted (1).
   * Same content (deep-equal desired without modifiedAt, node order ignored, same secretsHash): no new generation,
   * but a failed cluster counts one more retry and is submitted again; a READY one stays as it is (`changed: false`).
   * A cluster that is being deleted: Conflict.
   */
  apply(input: {
    project: string;
    name: string;
    desired: Pick<Cluster, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;
    secretsHash: string;
    precondition?: Precondition;
    /** Machines that do not answer are taken out; said anew where there is work left, it is a retry. */
    force?: boolean;
    by?: RequestOrigin;
  }): Promise<{ record: ClusterRecord; created: boolean; changed: boolean }>;
  get(project: string, name: string): Promise<ClusterRecord | undefined>;
  /** A cluster of another project that is shared with this one; of several, that of the first project by name. */
  getShared(project: string, name: string): Promise<ClusterRecord | undefined>;
  getById(id: string): Promise<ClusterRecord | undefined>;
  /** Without its specs, which are most of it. */
  head(id: string): Promise<ClusterHead | undefined>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & {
      name?: NameFilter;
      /** One of these. */
      status?: readonly ProvisionStatus[];
      /** Whose `commonStatus` is one of these. */
      common?: readonly CommonConditionStatus[];
      deleting?: boolean;
      labels?: readonly LabelRequirement[];
      /** Instead of its own: those that other projects share with it. */
      shared?: boolean;
    },
  ): Promise<Slice<DesiredCluster>>;
  /** The same of what lists show. While a cluster is as it was, the same object may stand for it. */
  listed(project: string, page: Parameters<ClusterStore['list']>[1]): Promise<Slice<ListedCluster>>;
  /**
   * Another one after every change of a cluster's spec or deletion that was answered, by whichever process; the same
   * while what a list shows of the project's own clusters, but for their status, is the same.
   */
  listRevision(project: string): Promise<number>;
  /**
   * Sets `deleting` and commonStatus submitted; a deletion that failed counts one more retry. Undefined when
   * there is no such cluster.
   */
  markDeleting(
    project: string,
    name: string,
    precondition?: Precondition,
    asked?: { force?: boolean; by?: RequestOrigin },
  ): Promise<ClusterRecord | undefined>;
  /** One more retry, commonStatus submitted; operations that were asked for and failed are asked for again. */
  requestRetry(
    project: string,
    name: string,
    by?: RequestOrigin,
  ): Promise<ClusterRecord | undefined>;
  /** The same, for a reason of its own; `sync`: the blueprint is applied anew even where nothing has changed. */
  requestWork(
    project: string,
    name: string,
    ask: { reason: string; sync?: boolean; by?: RequestOrigin },
  ): Promise<ClusterRecord | undefined>;
  setDrift(clusterId: string, drift: DriftRecord): Promise<void>;
  /**
   * Asks for an operation beside the spec (core/askedOperations.ts): in one atomic write it is queued, there is one more
   * retry and commonStatus is submitted. `fresh: false`: the same id was asked for before, or the same waits already,
   * and nothing is changed. A cluster that is being deleted, or whose queue is full: Conflict. Undefined when there is
   * no such cluster.
   */
  ask(
    project: string,
    name: string,
    operation: Pick<AskedOperation, 'id' | 'kind' | 'args' | 'by'>,
  ): Promise<{ record: ClusterRecord; asked: AskedOperation; fresh: boolean } | undefined>;
  /**
   * Created clusters whose etcd is to be snapshotted by now (core/snapshotPolicy.ts), those that have waited longest
   * first; `next` is the key of the page after.
   */
  snapshotsDue(
    now: Date,
    page: { limit: number; after?: SnapshotDueKey },
  ): Promise<{ items: ClusterDue[]; next?: SnapshotDueKey }>;
  /** One was taken then: the next is due by the cluster's policy. */
  noteSnapshot(clusterId: string, takenAt: string): Promise<void>;
  /** A taskset has begun with these. */
  takeAsked(clusterId: string, taken: { ids: readonly string[]; tasksetId: string }): Promise<void>;
  /** It has ended. May be repeated: only what it had taken is touched. */
  endAsked(clusterId: string, end: AskedEnd): Promise<void>;
  /** Removes the cluster and everything under its id (nodes, tasksets, logs, secrets, host keys). */
  remove(clusterId: string): Promise<void>;
  setConditions(clusterId: string, conditions: Condition[]): Promise<void>;
  /**
   * All conditions True, though nothing was done to the machines: ClusterReady stays what a judgement has made of it
   * (HealthStore). True when ClusterReady has become True by it: nobody has looked since.
   */
  settleConditions(clusterId: string): Promise<boolean>;
  setProvisionStatus(clusterId: string, status: ProvisionStatus): Promise<void>;
  /**
   * `sequence` is the taskset's: a lower one than the last written is dropped, and so is what a taskset says of
   * a generation, a number of retries or a deletion that a later request has gone beyond.
   */
  setCommonStatus(
    clusterId: string,
    value: {
      conditionStatus: 1 | 2 | 3;
      reason: string;
      sequence: number;
      generation: number;
      retries?: number;
      deleting?: boolean;
    },
  ): Promise<void>;
  setApplied(clusterId: string, applied: Partial<AppliedCluster>): Promise<void>;
  setObserved(
    clusterId: string,
    observed: { generation: number; retries: number; deleting: boolean },
  ): Promise<void>;
  /** Clusters whose desired state was not yet acted upon (generation, retries or deleting ahead of observed), oldest first. */
  unobserved(limit: number): Promise<ClusterRecord[]>;
  /**
   * Machines that other clusters of any project hold: nodes of their desired spec, and claimed nodes that
   * are not clean yet. Endpoints as core/sshEndpoint.ts builds them.
   */
  findByAddress(
    endpoints: readonly string[],
    except: { project: string; name: string },
  ): Promise<{ project: string; name: string; hostname: string; endpoint: string }[]>;
  /** All clusters that a workflow may have to exist for (for reconcilers). */
  forEachActive(visit: (record: ClusterRecord) => Promise<void>): Promise<void>;
}
