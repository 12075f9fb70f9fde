import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';

import { lineDiff } from './lineDiff.js';

const folder = mkdtempSync(join(tmpdir(), 'plinth-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what is the same has no diff', () => {
  expect(lineDiff(['a', 'b'], ['a', 'b'])).toEqual([]);
});

test('a changed line stands between the lines around it', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
  const after = ['1', '2', '3', '4', 'five', '6', '7', '8', '9'];
  expect(lineDiff(before, after)).toEqual([
    ...['@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'],
  ]);
});

test('changes far from each other are apart', () => {
  const before = Array.from({ length: 40 }, (_, n) => String(n));
  const after = before.map((line) => (line === '5' || line === '30' ? `${line}!` : line));
  expect(lineDiff(before, after).filter((line) => line.startsWith('@@'))).toEqual([
    ...['@@ -3,7 +3,7 @@', '@@ -28,7 +28,7 @@'],
  ]);
});

test('texts of nothing in common are one replaced by the other', () => {
  const before = Array.from({ length: 3_000 }, (_, n) => `a${String(n)}`);
  const after = Array.from({ length: 3_000 }, (_, n) => `b${String(n)}`);
  expect(lineDiff(before, after)).toHaveLength(6_001);
});

test('patch(1) makes the new text of the old one, whatever they are', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      const file = join(folder, 'text');
      writeFileSync(file, before.map((line) => `${line}\n`).join(''));
      if (diff.length > 0) {
        const input = ['--- text', '+++ text', ...diff, ''].join('\n');
        execFileSync('patch', ['--silent', file], { input });
      }
      const patched = execFileSync('cat', ['--', file]).toString();
      expect(patched).toBe(after.map((line) => `${line}\n`).join(''));
    }),
    { numRuns: 60 },
  );
});
