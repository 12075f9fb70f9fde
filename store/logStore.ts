import type { StepLogChunk } from '../core/records.js';
import type { StepName } from '../core/steps.js';

export interface LogFilter {
  clusterId: string;
  tasksetId: string;
  node?: string;
  step?: StepName;
  attempt?: number;
}

/** How long output is kept, and how much of it. */
export interface LogLimits {
  /** Lines are gone this many days after they were written. */
  days: number;
  /** A cluster's oldest tasksets lose their output once all of it is more. */
  bytesPerCluster: number;
}

/** Where a chunk stands in the order in which they were stored. */
export interface LogPlace {
  /** Milliseconds since the epoch, by the database's clock. */
  storedAt: number;
  /** Of chunks that were stored at the same time, the smaller one first; empty: before all of them. */
  id: string;
}

export type StoredLogChunk = StepLogChunk & LogPlace;

export interface LogStore {
  /** Writing a chunk again changes no line. */
  append(chunk: StepLogChunk): Promise<void>;
  /** Run by run in the order in which they began, the lines of each in theirs. */
  read(filter: LogFilter): Promise<StepLogChunk[]>;
  /** Another text once more of a taskset is stored; undefined: there is nothing. */
  latest(of: { clusterId: string; tasksetId: string }): Promise<string | undefined>;
  /** What stands after a place, in the order in which it was stored, at most `limit` chunks. */
  readSince(filter: LogFilter, after: LogPlace, limit: number): Promise<StoredLogChunk[]>;
  /** Drops the output of a cluster's oldest tasksets until the rest is within the limit; the newest taskset's stays. */
  trim(clusterId: string): Promise<void>;
}
