/**
 * Operations that people (or a schedule) ask for beside the spec: a queue on the cluster's record. Pure; the store
 * keeps it, and `takeWork` plans what is open in it.
 */

import type { RequestOrigin } from './requestOrigin.js';

export const AskedKind = {
  Snapshot: 'snapshot',
  Restore: 'restore',
  RenewCertificates: 'renew-certificates',
} as const;
export type AskedKind = (typeof AskedKind)[keyof typeof AskedKind];

export interface AskedOperation {
  /** Given by whoever asks: asking again with it changes nothing. */
  id: string;
  kind: AskedKind;
  args?: Record<string, string>;
  askedAt: string;
  /** Left out: the clock asked. */
  by?: RequestOrigin;
  /** The cluster's number of retries that asking made; 0: a retry asked for it again. */
  retries: number;
  /** The taskset that does it, or did. */
  tasksetId?: string;
  /** Its taskset ended without it; a retry asks for it again. */
  failed?: true;
}

export interface AskedQueue {
  /** In the order in which they were asked for. */
  entries: readonly AskedOperation[];
  /** Ids of those that were done last: asked for again by a caller that did not hear of it, they are not done twice. */
  done: readonly string[];
}

/** More than one of each kind, with and without a taskset: that many at once is a caller gone wild. */
export const MAX_ASKED = 20;
const REMEMBERED = 50;

/** What is asked for and neither done nor given up. */
export function openAsked(entries: readonly AskedOperation[] = []): AskedOperation[] {
  return entries.filter((entry) => entry.failed !== true);
}

/**
 * The queue with one more, `fresh`; or as it is where the same waits already. Undefined: it is full. One that no
 * taskset has begun with stands for a second of its kind with the same arguments; of restores, the newest replaces
 * those that have not begun. What failed of its kind is forgotten.
 */
export function ask(
  queue: AskedQueue,
  wanted: Pick<AskedOperation, 'id' | 'kind' | 'args' | 'askedAt' | 'by' | 'retries'>,
): { queue: AskedQueue; asked: AskedOperation; fresh: boolean } | undefined {
  const known = queue.entries.find((entry) => entry.id === wanted.id);
  if (known !== undefined) return { queue, asked: known, fresh: false };
  if (queue.done.includes(wanted.id)) return { queue, asked: wanted, fresh: false };
  const waits = (entry: AskedOperation): boolean =>
    entry.kind === wanted.kind && entry.failed !== true && entry.tasksetId === undefined;
  const same = queue.entries.find((entry) => waits(entry) && argsOf(entry) === argsOf(wanted));
  if (same !== undefined) return { queue, asked: same, fresh: false };
  const replaced = (entry: AskedOperation): boolean =>
    entry.kind === wanted.kind &&
    (entry.failed === true || (wanted.kind === AskedKind.Restore && waits(entry)));
  const entries = queue.entries.filter((entry) => !replaced(entry));
  if (openAsked(entries).length >= MAX_ASKED) return undefined;
  return { queue: { ...queue, entries: [...entries, wanted] }, asked: wanted, fresh: true };
}

function argsOf({ args = {} }: Pick<AskedOperation, 'args'>): string {
  return JSON.stringify(Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A taskset has begun with these: also with one that had failed, where it ends what that had begun. */
export function takeAsked(
  queue: AskedQueue,
  { ids, tasksetId }: { ids: readonly string[]; tasksetId: string },
): AskedQueue {
  const taken = new Set(ids);
  const entries = queue.entries.map((entry): AskedOperation => {
    if (!taken.has(entry.id)) return entry;
    const { failed: _failed, ...rest } = entry;
    return { ...rest, tasksetId };
  });
  return { ...queue, entries };
}

/** How a taskset ended. */
export interface AskedEnd {
  tasksetId: string;
  /** Ids of what it has done. */
  done: readonly string[];
  /** Nothing in it failed: what failed earlier is not asked for again by a later retry. */
  well: boolean;
  /** It was interrupted and another one takes its place: what it has not done is that one's. */
  superseded?: true;
}

/** Takes out what its taskset has done; what it has not is kept as failed and in nobody's way. */
export function endAsked(
  queue: AskedQueue,
  { tasksetId, done, well, superseded }: AskedEnd,
): AskedQueue {
  const ids = new Set(done);
  const own = (entry: AskedOperation): boolean => entry.tasksetId === tasksetId;
  const ended = queue.entries.filter((entry) => own(entry) && ids.has(entry.id));
  const entries = queue.entries
    .filter((entry) => !ended.includes(entry))
    .filter((entry) => !(well && entry.failed === true))
    .map((entry): AskedOperation => {
      if (!own(entry)) return entry;
      const { tasksetId: _its, ...rest } = entry;
      return superseded === true ? rest : { ...entry, failed: true };
    });
  return {
    entries,
    done: [...queue.done, ...ended.map((entry) => entry.id)].slice(-REMEMBERED),
  };
}

/**
 * A retry: what failed is asked for again, in a taskset to come. `restores`: false where nobody has asked for that by name: the
 * data that has come since the snapshot would be lost.
 */
export function askAgain(queue: AskedQueue, { restores = true } = {}): AskedQueue {
  const entries = queue.entries.map((entry): AskedOperation => {
    if (entry.failed !== true || (entry.kind === AskedKind.Restore && !restores)) return entry;
    const { failed: _failed, tasksetId: _tasksetId, ...rest } = entry;
    return { ...rest, retries: 0 };
  });
  return { ...queue, entries };
}

/** Where a cluster stands between what was wanted and what was acted upon. */
export interface Standing {
  generation: number;
  retries: number;
  deleting: boolean;
  observed: { generation: number; retries: number; deleting: boolean };
  asked?: readonly AskedOperation[];
}

/**
 * Whether there is more to do than what was asked for beside the spec: a changed spec, a deletion, or a retry. What
 * failed of a spec waits for a person, however many snapshots are taken meanwhile.
 */
export function specIsDue({
  generation,
  retries,
  deleting,
  observed,
  asked = [],
}: Standing): boolean {
  if (generation > observed.generation || deleting !== observed.deleting) return true;
  const asks = asked.filter((entry) => entry.retries > observed.retries).length;
  return retries - observed.retries > asks;
}

/** What is desired was acted upon, and nothing is asked for. */
export function isObserved(of: Standing): boolean {
  const { generation, retries, deleting, observed, asked } = of;
  return (
    observed.generation >= generation &&
    observed.retries >= retries &&
    observed.deleting === deleting &&
    openAsked(asked).length === 0
  );
}
