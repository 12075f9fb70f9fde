import { describe, expect, test } from 'vitest';

import { fieldTableCounts } from './fieldTableCounts.js';
import type { Counts } from './vitestRun.js';

const FILES: Record<string, string> = {
  'docs/api.md':
    '\n## Fields\n| field | a | b | test |\n|---|---|---|---|\n| `a` | x | y | `f.test.ts > t`<br>`f.test.ts > each of %s` |\n| `b` | x | y | `g.test.ts > u` |\n\n## Next\n',
  'f.test.ts':
    "describe('g', () => { it('t', f); it.each([1, 2])('each of %s', f); it('v', f); });",
  'g.test.ts': "test('u', f);",
};

function check(...states: [title: string, state: string][]): ReturnType<typeof fieldTableCounts> {
  const tests: Counts['tests'] = states.map(([title, state]) => ({
    ...{ file: 'f.test.ts', title, state, seconds: 0 },
  }));
  return fieldTableCounts(tests, (path) => FILES[path]);
}

describe('the table of fields after a run', () => {
  test('is one passed test where all that it names of the files that ran has passed', () => {
    const { counts, problems } = check(
      ['g t', 'passed'],
      ['g each of 1', 'passed'],
      ['g each of (2)', 'passed'],
      ['g v', 'skipped'],
    );
    expect([counts.passed, counts.failed, problems]).toEqual([1, 0, []]);
  });

  test.each(['failed', 'skipped', 'pending', 'todo'])(
    'is a failed one where one of them is %s',
    (state) => {
      const { counts, problems } = check(
        ['g t', 'passed'],
        ['g each of 1', 'passed'],
        ['g each of (2)', state],
      );
      expect([counts.passed, counts.failed]).toEqual([0, 1]);
      expect(problems).toEqual([`f.test.ts > each of %s: ${state}`]);
    },
  );

  test('is a failed one where one of them was not among those that ran, or is not in the file', () => {
    expect(check(['g t', 'passed']).problems).toEqual(['f.test.ts > each of %s: did not run']);
    expect(check(['g t', 'passed'], ['g each on 1', 'passed']).counts.failed).toBe(1);
    const other = { ...FILES, 'f.test.ts': "it('other', f);" } as Record<string, string>;
    const tests = [{ file: 'f.test.ts', title: 'g t', state: 'passed', seconds: 0 }];
    expect(fieldTableCounts(tests, (path) => other[path]).problems).toHaveLength(2);
  });

  test('is a failed one where there is no table, and none where nothing of it ran', () => {
    expect(fieldTableCounts([], () => undefined).counts.failed).toBe(1);
    expect(check().counts).toMatchObject({ passed: 0, failed: 0, tests: [] });
  });
});
