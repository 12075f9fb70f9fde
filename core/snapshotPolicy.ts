import { parseWholeNumber } from './wholeNumber.js';

/** Annotations of a cluster that say how its etcd is snapshotted; each may be left out. */
export const SNAPSHOT_ANNOTATIONS = {
  everyHours: 'plinth.io/etcd-snapshot-every-hours',
  keep: 'plinth.io/etcd-snapshot-keep',
  maxAgeDays: 'plinth.io/etcd-snapshot-max-age-days',
} as const;

export interface SnapshotPolicy {
  /** 0: none is taken but those that are asked for. */
  everyHours: number;
  /** As many of the newest stay, */
  keep: number;
  /** unless they are older than this. The newest stays however old it is. */
  maxAgeDays: number;
}

/** Four a day, for a week. */
export const DEFAULT_SNAPSHOT_POLICY: SnapshotPolicy = { everyHours: 6, keep: 28, maxAgeDays: 7 };

/** What each may be: a year of months, and what one cluster may take up of a database. */
export const SNAPSHOT_LIMITS: Readonly<
  Record<keyof SnapshotPolicy, [least: number, most: number]>
> = { everyHours: [0, 8_760], keep: [1, 500], maxAgeDays: [1, 3_650] };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A cluster's own policy: what its annotations say, which were checked when it was applied, or the default. */
export function snapshotPolicy(annotations: Readonly<Record<string, string>> = {}): SnapshotPolicy {
  const value = (name: keyof SnapshotPolicy): number => {
    const given = annotations[SNAPSHOT_ANNOTATIONS[name]];
    const number = given === undefined ? undefined : parseWholeNumber(given, SNAPSHOT_LIMITS[name]);
    return number ?? DEFAULT_SNAPSHOT_POLICY[name];
  };
  return { everyHours: value('everyHours'), keep: value('keep'), maxAgeDays: value('maxAgeDays') };
}

/** When the next one is to be taken, RFC 3339 in UTC; undefined: never. `last`: when the last one was; absent: at once. */
export function snapshotDueAt({ everyHours }: SnapshotPolicy, last?: string): string | undefined {
  if (everyHours === 0) return undefined;
  const from = last === undefined ? 0 : Date.parse(last) + everyHours * HOUR_MS;
  return new Date(from).toISOString();
}

/**
 * The same for a cluster by its annotations: who says how often gets the first one soon; otherwise the first is due so
 * many hours after the cluster was made.
 */
export function clusterSnapshotDueAt(
  annotations: Readonly<Record<string, string>> = {},
  { last, createdAt }: { last?: string | undefined; createdAt: string },
): string | undefined {
  const said = annotations[SNAPSHOT_ANNOTATIONS.everyHours] !== undefined;
  return snapshotDueAt(snapshotPolicy(annotations), last ?? (said ? undefined : createdAt));
}

/** Whether one is to be taken now. */
export function isSnapshotDue(
  policy: SnapshotPolicy,
  last: string | undefined,
  now: Date,
): boolean {
  const dueAt = snapshotDueAt(policy, last);
  return dueAt !== undefined && Date.parse(dueAt) <= now.getTime();
}

/** Those that are to go, of all that there are in any order. What is in use, and the newest, stay. */
export function snapshotsToPrune<T extends { id: string; createdAt: string }>(
  all: readonly T[],
  { policy, now, inUse = [] }: { policy: SnapshotPolicy; now: Date; inUse?: readonly string[] },
): T[] {
  const oldest = now.getTime() - policy.maxAgeDays * DAY_MS;
  return all
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))
    .filter(
      ({ id, createdAt }, index) =>
        index > 0 &&
        !inUse.includes(id) &&
        (index >= policy.keep || Date.parse(createdAt) < oldest),
    );
}
