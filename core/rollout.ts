import type { RolloutPolicy } from './blueprints.js';

export const RolloutState = {
  Running: 'Running',
  /** Every cluster was asked and has acted, at most `maxFailures` of them without success. */
  Complete: 'Complete',
  /** Too many failed: those that wait stay as they are. */
  Stopped: 'Stopped',
} as const;
export type RolloutState = (typeof RolloutState)[keyof typeof RolloutState];

export const ClusterRolloutState = {
  Waiting: 'Waiting',
  Asked: 'Asked',
  Updated: 'Updated',
  Failed: 'Failed',
  /** It was not asked, or needs it no more. */
  Skipped: 'Skipped',
} as const;
export type ClusterRolloutState = (typeof ClusterRolloutState)[keyof typeof ClusterRolloutState];

export interface RolloutCluster {
  id: string;
  name: string;
  state: ClusterRolloutState;
  /** What the cluster's `retries` were when it was asked. */
  retries?: number;
  askedAt?: string;
  /** Why it was skipped or has failed. */
  reason?: string;
}

/** How a version of a blueprint comes to the clusters that follow it. */
export interface Rollout {
  project: string;
  name: string;
  version: string;
  sequence: number;
  state: RolloutState;
  clusters: RolloutCluster[];
  startedAt: string;
  endedAt?: string;
}

export const DEFAULT_CONCURRENCY = '20%';
/** However many there are: each is a cluster at work. */
const MOST_AT_ONCE = 50;

/** Clusters of `total` that are at work at once: at least one. A share is rounded down. */
export function rolloutConcurrency({ concurrency }: RolloutPolicy, total: number): number {
  const wanted = concurrency ?? DEFAULT_CONCURRENCY;
  const count = wanted.endsWith('%')
    ? Math.floor((total * Number(wanted.slice(0, -1))) / 100)
    : Number(wanted);
  return Math.min(Math.max(1, count), MOST_AT_ONCE);
}

/**
 * What comes next: the clusters to ask now, in their order, and the rollout's end once nothing is under way. None is
 * asked once more than `maxFailures` have failed.
 */
export function nextOfRollout(
  clusters: readonly RolloutCluster[],
  policy: RolloutPolicy,
): { ask: string[]; end?: RolloutState } {
  const of = (state: ClusterRolloutState): RolloutCluster[] =>
    clusters.filter((cluster) => cluster.state === state);
  const waiting = of(ClusterRolloutState.Waiting);
  const asked = of(ClusterRolloutState.Asked).length;
  const isStopped = of(ClusterRolloutState.Failed).length > (policy.maxFailures ?? 0);
  if (asked === 0 && (isStopped || waiting.length === 0)) {
    return { ask: [], end: isStopped ? RolloutState.Stopped : RolloutState.Complete };
  }
  if (isStopped) return { ask: [] };
  const total = clusters.length - of(ClusterRolloutState.Skipped).length;
  const room = Math.max(0, rolloutConcurrency(policy, total) - asked);
  return { ask: waiting.slice(0, room).map(({ id }) => id) };
}
