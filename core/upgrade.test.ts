import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compareVersions, upgradeConcurrency, upgradeHops, upgradeProblem } from './upgrade.js';

describe('upgradeHops', () => {
  it.each<[string, string, string[], (readonly string[])?]>([
    ['v1.34.4', 'v1.34.4', []],
    ['v1.34.4', 'v1.34.9', ['v1.34.9']],
    ['v1.34.4', 'v1.35.4', ['v1.35.4']],
    ['v1.35.4', 'v1.34.4', []],
    ['v1.32.1', 'v1.35.4', ['v1.33.5', 'v1.34.4', 'v1.35.4']],
    ['v1.33.1', 'v1.35.4', ['v1.34.2', 'v1.35.4'], ['v1.34.1', 'v1.34.2', 'v1.35.4']],
    ['v1.9.9', 'v1.10.0', ['v1.10.0']],
  ])('%s to %s goes through %j', (from, to, hops, available) => {
    expect(upgradeHops({ from, to }, available)).toEqual(hops);
  });

  it('never skips a minor, never goes back and ends where it should', () => {
    const version = fc
      .tuple(fc.integer({ min: 28, max: 45 }), fc.integer({ min: 0, max: 20 }))
      .map(([minor, patch]) => `v1.${String(minor)}.${String(patch)}`);
    fc.assert(
      fc.property(version, version, (from, to) => {
        const hops = upgradeHops({ from, to });
        if (compareVersions(to, from) <= 0) return hops.length === 0;
        const minors = [from, ...hops].map((each) => Number(each.split('.')[1]));
        const steps = minors.slice(1).map((minor, index) => minor - (minors[index] ?? 0));
        return hops.at(-1) === to && steps.every((step) => step === 0 || step === 1);
      }),
    );
  });
});

describe('upgradeConcurrency', () => {
  it.each([
    [{}, 10, 1],
    [{ strategy: 'sequential', params: { workerConcurrency: '5' } }, 10, 1],
    [{ strategy: 'concurrent' }, 10, 1],
    [{ strategy: 'concurrent', params: { workerConcurrency: '50%' } }, 10, 5],
    [{ strategy: 'concurrent', params: { workerConcurrency: '50%' } }, 5, 2],
    [{ strategy: 'concurrent', params: { workerConcurrency: '50%' } }, 1, 1],
    [{ strategy: 'concurrent', params: { workerConcurrency: '1%' } }, 3, 1],
    [{ strategy: 'concurrent', params: { workerConcurrency: '100%' } }, 3, 3],
    [{ strategy: 'concurrent', params: { workerConcurrency: '2' } }, 3, 2],
    [{ strategy: 'concurrent', params: { workerConcurrency: '9' } }, 3, 3],
    [{ strategy: 'concurrent', params: { workerConcurrency: '2' } }, 0, 1],
  ] as const)('%j of %i workers is %i at once', (upgrade, workers, wanted) => {
    expect(upgradeConcurrency(upgrade, workers)).toBe(wanted);
  });
});

describe('upgradeProblem', () => {
  it.each([
    ['v1.34.4', 'v1.34.4', undefined],
    ['v1.34.4', 'v1.36.0', undefined],
    ['v1.34.4', 'v1.34.3', /cannot be downgraded/],
    ['v1.28.9', 'v1.29.0', /1\.32 and later only/],
    ['v1.28.9', 'v1.34.4', /1\.32 and later only, and Kubernetes 1\.29 is on the way$/],
    ['v1.31.1', 'v1.34.4', undefined],
    ['v1.28.9', 'v1.28.9', undefined],
  ] as const)('%s to %s', (from, to, wanted) => {
    const problem = upgradeProblem({ from, to });
    if (wanted === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(wanted);
  });
});
