import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  clusterSnapshotDueAt,
  DEFAULT_SNAPSHOT_POLICY,
  isSnapshotDue,
  SNAPSHOT_ANNOTATIONS,
  snapshotDueAt,
  snapshotPolicy,
  snapshotsToPrune,
} from './snapshotPolicy.js';

const policy = { everyHours: 6, keep: 3, maxAgeDays: 2 };
const now = new Date('2026-11-25T12:00:00.000Z');
const at = (hoursAgo: number) => new Date(now.getTime() - hoursAgo * 3_600_000).toISOString();
const aged = (...hours: number[]) =>
  hours.map((hoursAgo) => ({ id: `${hoursAgo}`, createdAt: at(hoursAgo) }));

describe('the policy of a cluster', () => {
  it('is the default where its annotations say nothing', () => {
    expect(snapshotPolicy()).toEqual(DEFAULT_SNAPSHOT_POLICY);
    expect(snapshotPolicy({ 'example.com/x': '1' })).toEqual(DEFAULT_SNAPSHOT_POLICY);
  });

  it('is what its annotations say, each by itself', () => {
    expect(snapshotPolicy({ [SNAPSHOT_ANNOTATIONS.keep]: '2' })).toEqual({
      ...DEFAULT_SNAPSHOT_POLICY,
      keep: 2,
    });
    expect(snapshotPolicy({ [SNAPSHOT_ANNOTATIONS.everyHours]: '0' }).everyHours).toBe(0);
  });
});

describe('the next snapshot', () => {
  it.each([
    ['none was taken', undefined, true],
    ['the last one is younger', at(5.9), false],
    ['the last one is that old', at(6), true],
    ['the last one is older', at(100), true],
  ])('is due or not when %s', (_what, last, due) => {
    expect(isSnapshotDue(policy, last, now)).toBe(due);
  });

  it('is never due where none are wanted', () => {
    expect(snapshotDueAt({ ...policy, everyHours: 0 })).toBeUndefined();
    expect(isSnapshotDue({ ...policy, everyHours: 0 }, undefined, now)).toBe(false);
  });
});

describe('the first snapshot', () => {
  const createdAt = '2026-11-25T10:00:00.123000Z';
  const every = (hours: string) => ({ [SNAPSHOT_ANNOTATIONS.everyHours]: hours });

  it('is due by the default some hours after the cluster was made', () => {
    expect(clusterSnapshotDueAt({}, { createdAt })).toBe('2026-11-25T16:00:00.123Z');
    expect(clusterSnapshotDueAt(undefined, { createdAt })).toBe('2026-11-25T16:00:00.123Z');
  });

  it('is due at once where a person says how often, and never where that is 0', () => {
    expect(clusterSnapshotDueAt(every('24'), { createdAt })).toBe('1970-01-01T00:00:00.000Z');
    expect(clusterSnapshotDueAt(every('0'), { createdAt })).toBeUndefined();
  });

  it('is followed by the next so many hours after it', () => {
    const last = '2026-11-25T11:00:00.000Z';
    expect(clusterSnapshotDueAt(every('2'), { last, createdAt })).toBe('2026-11-25T13:00:00.000Z');
    expect(clusterSnapshotDueAt({}, { last, createdAt })).toBe('2026-11-25T17:00:00.000Z');
  });
});

describe('pruning', () => {
  const pruned = (all: ReturnType<typeof aged>, inUse: string[] = []): string[] =>
    snapshotsToPrune(all, { policy, now, inUse }).map(({ id }) => id);

  it.each([
    ['keeps as many as are wanted', aged(1, 2, 3), []],
    ['takes the oldest beyond that, in whatever order they come', aged(3, 1, 4, 2), ['4']],
    ['takes what is too old', aged(1, 49, 60), ['49', '60']],
    ['keeps the newest however old it is', aged(1000, 2000), ['2000']],
    ['of none takes none', [], []],
  ])('%s', (_what, all, gone) => {
    expect(pruned(all)).toEqual(gone);
  });

  it('leaves what is being restored', () => {
    expect(pruned(aged(1, 2, 3, 4, 5), ['5'])).toEqual(['4']);
  });

  it('never takes the newest and leaves no more than are kept', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(3000)), (hours) => {
        const all = aged(...hours);
        const gone = new Set(pruned(all));
        expect(hours.length === 0 || !gone.has(String(Math.min(...hours)))).toBe(true);
        expect(all.length - gone.size).toBeLessThanOrEqual(policy.keep);
      }),
    );
  });
});
