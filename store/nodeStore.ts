import type { NodeRecord, NodeStepRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import type { NodeStatus } from '../core/words.js';

export interface NodeStore {
  /** By hostname: all, or those of these names. */
  list(clusterId: string, hostnames?: readonly string[]): Promise<NodeRecord[]>;
  /** Those whose spec says so, by hostname. */
  controlPlanes(clusterId: string): Promise<NodeRecord[]>;
  /** Without facts and steps: what the status endpoint reads again and again. */
  statuses(clusterId: string): Promise<Pick<NodeRecord, 'hostname' | 'status'>[]>;
  /** The steps alone, by hostname: what progress is told from. */
  steps(clusterId: string): Promise<Pick<NodeRecord, 'hostname' | 'steps'>[]>;
  get(clusterId: string, hostname: string): Promise<NodeRecord | undefined>;
  /**
   * Makes the node only when `spec` is given, so that a late write does not bring back one that was removed;
   * status READY without a lastError clears the last error.
   */
  upsert(
    clusterId: string,
    hostname: string,
    set: Partial<Omit<NodeRecord, 'clusterId' | 'hostname' | 'steps'>>,
  ): Promise<void>;
  setStatus(clusterId: string, hostname: string, status: NodeStatus): Promise<void>;
  /** Dropped when a later taskset, or a later attempt of the same, has written this step. */
  setStep(
    clusterId: string,
    hostname: string,
    step: StepName,
    record: NodeStepRecord,
  ): Promise<void>;
  remove(clusterId: string, hostname: string): Promise<void>;
  /** Only while it is orphaned: whether it was. */
  removeOrphan(clusterId: string, hostname: string): Promise<boolean>;
}
