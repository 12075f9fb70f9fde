import type { ClusterSpec } from '../core/cluster.js';
import type {
  ClusterRecord,
  TasksetHead,
  TasksetOperationRecord,
  TasksetRecord,
} from '../core/records.js';
import type { OperationName, TasksetStatus } from '../core/words.js';
import type { Page, Slice } from './page.js';

export interface TasksetStore {
  /** Idempotent by id; gives it the next sequence. */
  begin(
    taskset: Omit<TasksetRecord, 'sequence' | 'createdAt'> & { spec?: ClusterSpec },
  ): Promise<TasksetRecord>;
  /**
   * The spec that the taskset applies, as it was when it began: a later change is a taskset of its own. Shared by all who
   * ask for it, and frozen.
   */
  spec(tasksetId: string): Promise<ClusterSpec | undefined>;
  /** Forwards only: a success stays one, and an ended taskset is not reopened. */
  setOperation(
    tasksetId: string,
    index: number,
    set: Partial<TasksetOperationRecord>,
  ): Promise<void>;
  /** The first end stands. */
  end(tasksetId: string, status: TasksetStatus, comments: string): Promise<void>;
  get(clusterId: string, tasksetId: string): Promise<TasksetRecord | undefined>;
  /** Or is no more. */
  hasEnded(clusterId: string, tasksetId: string): Promise<boolean>;
  /** The one begun last, of a cluster as it was read: those of many that are asked for at once are one read, whatever went before. */
  newest(cluster: Pick<ClusterRecord, 'id' | 'newestTaskset'>): Promise<TasksetHead | undefined>;
  /** Newest first. */
  latest(clusterId: string, limit: number): Promise<TasksetRecord[]>;
  /** Newest first; the key is the sequence. */
  list(
    clusterId: string,
    page: Page<number> & {
      status?: readonly TasksetStatus[];
      /** With an operation of this name. */
      operation?: OperationName;
    },
  ): Promise<Slice<TasksetRecord>>;
}
