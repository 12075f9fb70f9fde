import { expect, it } from 'vitest';

import { recordedRun } from '../test/docs/recordedRun.js';
import { unproven, withRun } from './labRecord.js';

const test = (file: string, state: string, title = 'g t'): Parameters<typeof withRun>[1] => ({
  tests: [{ file, title, state, seconds: 90 }],
  date: '2026-01-02',
  commit: 'commit abc',
});

it('replaces the sections of the files that ran, and keeps those of the others', () => {
  const first = withRun(withRun('', test('b.test.ts', 'failed')), test('a.test.ts', 'passed'));
  const second = withRun(first, test('b.test.ts', 'passed', 'g u'));
  expect(recordedRun(first)).toEqual([
    { file: 'a.test.ts', title: 'g t', state: 'passed' },
    { file: 'b.test.ts', title: 'g t', state: 'failed' },
  ]);
  expect(recordedRun(second)).toEqual([
    { file: 'a.test.ts', title: 'g t', state: 'passed' },
    { file: 'b.test.ts', title: 'g u', state: 'passed' },
  ]);
  expect(second.match(/^# /gm)).toHaveLength(1);
  expect(second).toContain('2026-01-02, commit abc: 1 of 1 passed, 1.5 min');
});

it('writes nothing down of what failed beside the tests of a file', () => {
  const before = withRun('', test('a.test.ts', 'passed'));
  const run = test('--project lab a.test.ts', 'failed', 'vitest ended without a report');
  expect(withRun(before, run)).toBe(before);
});

it('tells which files have not all passed on this very code', () => {
  const files = ['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts', 'e.test.ts'];
  const record = [
    test('a.test.ts', 'passed'),
    test('b.test.ts', 'failed'),
    { ...test('c.test.ts', 'passed'), commit: 'commit abc with changes' },
    { ...test('d.test.ts', 'passed'), commit: 'commit def' },
  ].reduce(withRun, '');
  expect(unproven(record, files, (commit) => commit === 'abc')).toEqual(files.slice(1));
  expect(unproven(record, files, () => true)).toEqual(['b.test.ts', 'c.test.ts', 'e.test.ts']);
});

it('counts no case that was skipped as one that passed', () => {
  const record = withRun('', test('a.test.ts', 'skipped'));
  expect(unproven(record, ['a.test.ts'], () => true)).toEqual(['a.test.ts']);
});
