import { expect, it } from 'vitest';

import { count, failure, sum } from './vitestRun.js';

const file = (
  status: string,
  ...states: string[]
): Parameters<typeof count>[0]['testResults'][0] => ({
  ...{ name: 'a.test.ts', status },
  assertionResults: states.map((state, index) => ({
    fullName: `t${String(index)}`,
    status: state,
  })),
});

it('gives every failure a name: of a test, of a file that is not loaded, of a run without a report', () => {
  const counts = sum([
    count({
      testResults: [file('failed', 'passed', 'failed'), file('failed'), file('passed', 'skipped')],
    }),
    failure('--project unit', 'vitest ended without a report'),
  ]);
  const failed = counts.tests.filter(({ state }) => state === 'failed');
  expect(failed.map(({ title }) => title)).toEqual([
    't1',
    'is not loaded',
    'vitest ended without a report',
  ]);
  expect([counts.passed, counts.failed, counts.skipped]).toEqual([1, failed.length, 1]);
});
