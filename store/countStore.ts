import type { CommonConditionStatus, NodeStatus, ProvisionStatus } from '../core/words.js';

/** How many there are, over all projects: for metrics. */
export interface CountStore {
  /** By `provisionStatus` and the outcome of what was applied last. */
  clusters(): Promise<{ status: ProvisionStatus; applied: CommonConditionStatus; count: number }[]>;
  nodes(): Promise<{ status: NodeStatus; count: number }[]>;
  /** Control planes of which it was not read since then when their certificates end. */
  unreadCertificates(since: Date): Promise<number>;
}
