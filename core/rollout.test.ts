import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  nextOfRollout,
  rolloutConcurrency,
  type ClusterRolloutState,
  type RolloutCluster,
} from './rollout.js';

const cluster = (index: number, state: ClusterRolloutState = 'Waiting'): RolloutCluster => ({
  ...{ id: `c${String(index)}`, name: `n${String(index)}`, state },
});
const waiting = (count: number): RolloutCluster[] =>
  Array.from({ length: count }, (_, index) => cluster(index));

describe('how many clusters at once', () => {
  it.each([
    [undefined, 10, 2],
    [undefined, 3, 1],
    ['20%', 0, 1],
    ['50%', 5, 2],
    ['100%', 7, 7],
    ['3', 10, 3],
    ['3', 2, 3],
    ['100%', 10_000, 50],
    ['1000', 10_000, 50],
  ])('%s of %d is %d', (concurrency, total, wanted) => {
    expect(rolloutConcurrency(concurrency === undefined ? {} : { concurrency }, total)).toBe(
      wanted,
    );
  });
});

describe('a rollout', () => {
  it('asks some, and more only as those have acted', () => {
    const policy = { concurrency: '2' };
    const all = waiting(4);
    expect(nextOfRollout(all, policy)).toEqual({ ask: ['c0', 'c1'] });
    all[0]!.state = 'Asked';
    all[1]!.state = 'Asked';
    expect(nextOfRollout(all, policy)).toEqual({ ask: [] });
    all[0]!.state = 'Updated';
    expect(nextOfRollout(all, policy)).toEqual({ ask: ['c2'] });
  });

  it('of nothing is complete', () => {
    expect(nextOfRollout([], {})).toEqual({ ask: [], end: 'Complete' });
  });

  it('waits for those at work before it stops', () => {
    const all = [cluster(0, 'Failed'), cluster(1, 'Asked'), cluster(2)];
    expect(nextOfRollout(all, { concurrency: '2' })).toEqual({ ask: [] });
    all[1]!.state = 'Updated';
    expect(nextOfRollout(all, { concurrency: '2' })).toEqual({ ask: [], end: 'Stopped' });
    expect(nextOfRollout(all, { concurrency: '2', maxFailures: 1 })).toEqual({ ask: ['c2'] });
  });

  it('ends, never has more at work than it may, and asks nobody after too many failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        (count, concurrency, maxFailures, fails) => {
          const policy = { concurrency: String(concurrency), maxFailures };
          const all = waiting(count);
          for (let round = 0; round <= 2 * count; round += 1) {
            const failed = all.filter(({ state }) => state === 'Failed').length;
            const { ask, end } = nextOfRollout(all, policy);
            if (failed > maxFailures) expect(ask).toEqual([]);
            if (end !== undefined) {
              expect(end).toBe(failed > maxFailures ? 'Stopped' : 'Complete');
              if (end === 'Complete')
                expect(all.some(({ state }) => state === 'Waiting')).toBe(false);
              return;
            }
            for (const one of all) if (ask.includes(one.id)) one.state = 'Asked';
            const atWork = all.filter(({ state }) => state === 'Asked');
            expect(atWork.length).toBeLessThanOrEqual(concurrency);
            const first = atWork[0];
            if (first !== undefined) {
              first.state = fails[all.indexOf(first)] === true ? 'Failed' : 'Updated';
            }
          }
          throw new Error('it did not end');
        },
      ),
    );
  });
});
