import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ask,
  askAgain,
  AskedKind,
  endAsked,
  isObserved,
  MAX_ASKED,
  openAsked,
  specIsDue,
  takeAsked,
  type AskedOperation,
  type AskedQueue,
} from './askedOperations.js';

const empty: AskedQueue = { entries: [], done: [] };
const wanted = (id: string, kind: AskedKind = AskedKind.Snapshot, snapshot?: string) => ({
  ...{ id, kind, askedAt: '2026-11-25T21:00:00.000000Z', retries: 1 },
  ...(snapshot === undefined ? {} : { args: { snapshot } }),
});
const asked = (queue: AskedQueue, ...of: Parameters<typeof wanted>): AskedQueue =>
  ask(queue, wanted(...of))?.queue ?? queue;
const ids = ({ entries }: AskedQueue): string[] => entries.map(({ id }) => id);

describe('asking', () => {
  it('twice with one id is asking once, also after it was done', () => {
    const once = asked(empty, 'a');
    expect(ask(once, wanted('a'))).toMatchObject({ fresh: false, queue: once });
    const taken = takeAsked(once, { ids: ['a'], tasksetId: 't1' });
    const done = endAsked(taken, { tasksetId: 't1', done: ['a'], well: true });
    expect(done).toEqual({ entries: [], done: ['a'] });
    expect(ask(done, wanted('a'))).toMatchObject({ fresh: false, queue: { entries: [] } });
  });

  it('for a second snapshot gets the one that waits, but not one that has begun', () => {
    const once = asked(empty, 'a');
    expect(ask(once, wanted('b'))).toMatchObject({ fresh: false, asked: { id: 'a' } });
    const taken = takeAsked(once, { ids: ['a'], tasksetId: 't1' });
    expect(ask(taken, wanted('b'))).toMatchObject({ fresh: true, asked: { id: 'b' } });
  });

  it('for another restore replaces the one that waits, not the one that has begun', () => {
    const first = asked(empty, 'a', AskedKind.Restore, 's1');
    expect(ids(asked(first, 'b', AskedKind.Restore, 's2'))).toEqual(['b']);
    const taken = takeAsked(first, { ids: ['a'], tasksetId: 't1' });
    expect(ids(asked(taken, 'b', AskedKind.Restore, 's2'))).toEqual(['a', 'b']);
  });

  it('is refused where too much waits', () => {
    let queue = empty;
    for (let n = 0; n < MAX_ASKED; n += 1) {
      queue = asked(queue, `a${String(n)}`, AskedKind.RenewCertificates, String(n));
    }
    expect(ask(queue, wanted('z', AskedKind.RenewCertificates, 'z'))).toBeUndefined();
  });
});

describe('the end of a taskset', () => {
  const taken = takeAsked(asked(asked(empty, 'a'), 'b', AskedKind.Restore, 's1'), {
    ids: ['a', 'b'],
    tasksetId: 't1',
  });

  it("takes out what was done and keeps the rest as failed, in nobody's way", () => {
    const ended = endAsked(taken, { tasksetId: 't1', done: ['a'], well: false });
    expect(ids(ended)).toEqual(['b']);
    expect(openAsked(ended.entries)).toEqual([]);
    expect(endAsked(ended, { tasksetId: 't1', done: ['a'], well: false })).toEqual(ended);
  });

  it('leaves alone what was asked for meanwhile', () => {
    const more = asked(taken, 'c', AskedKind.Snapshot, 'later');
    const ended = endAsked(more, { tasksetId: 't1', done: ['a', 'b'], well: true });
    expect(openAsked(ended.entries).map(({ id }) => id)).toEqual(['c']);
  });

  it('that ends a restore which had failed half way takes it out, and no retry asks for it again', () => {
    const failed = endAsked(taken, { tasksetId: 't1', done: ['a'], well: false });
    const again = takeAsked(failed, { ids: ['b'], tasksetId: 't2' });
    const ended = endAsked(again, { tasksetId: 't2', done: ['b'], well: false });
    expect(ended.done).toEqual(['a', 'b']);
    expect(askAgain(ended).entries).toEqual([]);
  });

  it('that another one takes the place of leaves to that one what it has not done', () => {
    const ended = endAsked(taken, { tasksetId: 't1', done: ['a'], well: false, superseded: true });
    expect(ended.done).toEqual(['a']);
    const [left, ...others] = openAsked(ended.entries);
    expect(others).toEqual([]);
    expect(left).toMatchObject({ id: 'b' });
    expect(left?.tasksetId).toBeUndefined();
  });

  it('that went well forgets what had failed before', () => {
    const failed = endAsked(taken, { tasksetId: 't1', done: ['a'], well: false });
    expect(endAsked(failed, { tasksetId: 't2', done: [], well: true }).entries).toEqual([]);
  });

  it('lets a retry ask again for what failed, under its own id', () => {
    const failed = endAsked(taken, { tasksetId: 't1', done: ['a'], well: false });
    const [again] = openAsked(askAgain(failed).entries);
    expect(again).toMatchObject({ id: 'b', retries: 0, args: { snapshot: 's1' } });
    expect(again?.tasksetId).toBeUndefined();
  });

  it('lets who does not ask for it by name have no restore again', () => {
    const all = takeAsked(asked(taken, 'c'), { ids: ['c'], tasksetId: 't1' });
    const failed = endAsked(all, { tasksetId: 't1', done: ['a'], well: false });
    const open = (restores?: boolean) =>
      openAsked(askAgain(failed, restores === undefined ? {} : { restores }).entries);
    expect(open().map(({ id }) => id)).toEqual(['b', 'c']);
    expect(open(false).map(({ id }) => id)).toEqual(['c']);
  });

  it('never leaves more than was asked for, in whatever order things happen', () => {
    const kind = fc.constantFrom(...Object.values(AskedKind));
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const change = fc.oneof(
      fc.record({ what: fc.constant('ask' as const), id, kind }),
      fc.record({ what: fc.constant('take' as const), id }),
      fc.record({ what: fc.constant('end' as const), id, well: fc.boolean() }),
      fc.record({ what: fc.constant('retry' as const) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        let queue = empty;
        for (const each of changes) {
          if (each.what === 'ask') queue = asked(queue, each.id, each.kind);
          if (each.what === 'take') queue = takeAsked(queue, { ids: [each.id], tasksetId: 't' });
          if (each.what === 'retry') queue = askAgain(queue);
          if (each.what === 'end') {
            queue = endAsked(queue, { tasksetId: 't', done: [each.id], well: each.well });
          }
          expect(new Set(ids(queue)).size).toBe(queue.entries.length);
          const waiting = openAsked(queue.entries).filter((of) => of.tasksetId === undefined);
          expect(waiting.length).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});

describe('what is due', () => {
  const entry = (retries: number): AskedOperation => ({ ...wanted('a'), retries });
  const standing = {
    ...{ generation: 2, retries: 3, deleting: false },
    observed: { generation: 2, retries: 3, deleting: false },
  };

  it.each([
    ['nothing', {}, false, true],
    ['a snapshot only', { retries: 4, asked: [entry(4)] }, false, false],
    ['a snapshot that a killed process left', { asked: [entry(3)] }, false, false],
    ['a retry', { retries: 4 }, true, false],
    ['a retry beside a snapshot', { retries: 5, asked: [entry(4)] }, true, false],
    ['a retry of a failed snapshot', { retries: 4, asked: [entry(0)] }, true, false],
    [
      'a changed spec beside a snapshot',
      { generation: 3, retries: 4, asked: [entry(4)] },
      true,
      false,
    ],
    ['a failed snapshot', { asked: [{ ...entry(3), failed: true as const }] }, false, true],
    ['a deletion', { deleting: true }, true, false],
  ])('after %s', (_what, set, due, observed) => {
    expect(specIsDue({ ...standing, ...set })).toBe(due);
    expect(isObserved({ ...standing, ...set })).toBe(observed);
  });
});
