import { describe, expect, test } from 'vitest';

import type { LineEdit } from '../core/lineDiff.js';
import { createDiff, diffLines, hunksOf } from './diff.js';

const SIGN = { same: ' ', added: '+', removed: '-' } as const;
const text = (diff: readonly LineEdit[]): string[] =>
  diff.map(({ kind, text: line }) => `${SIGN[kind]}${line}`);

describe('diffLines', () => {
  test.each([
    ['', '', []],
    ['a\n', 'a\n', [' a']],
    ['', 'a\nb\n', ['+a', '+b']],
    ['a\nb\n', '', ['-a', '-b']],
    ['a\nb\nc\n', 'a\nx\nc\n', [' a', '-b', '+x', ' c']],
    ['a\nb\nc\nd\n', 'b\nc\nx\nd\n', ['-a', ' b', ' c', '+x', ' d']],
    ['a\na\nb\n', 'a\nb\nb\n', [' a', '-a', '+b', ' b']],
    ['a', 'a\n', [' a']],
  ])('%j → %j', (before, after, expected) => {
    expect(text(diffLines(before, after))).toEqual(expected);
  });

  test('gives both texts back, whatever they are, with as few differences as there can be', () => {
    for (let seed = 1; seed < 400; seed++) {
      const before = letters(seed);
      const after = letters(seed * 7 + 3);
      const diff = diffLines(before.join('\n'), after.join('\n'));
      const side = (other: LineEdit['kind']): string[] =>
        diff.filter(({ kind }) => kind !== other).map((line) => line.text);
      expect(side('added')).toEqual(before);
      expect(side('removed')).toEqual(after);
      const kept = diff.filter(({ kind }) => kind === 'same').length;
      expect(kept).toBe(longestCommon(before, after));
    }
  });

  test('of two long texts that share nothing is all of the one and all of the other', () => {
    const many = (sign: string): string =>
      Array.from({ length: 3000 }, (_, n) => sign + String(n)).join('\n');
    const diff = diffLines(many('a'), many('b'));
    expect(diff.filter(({ kind }) => kind === 'removed')).toHaveLength(3000);
    expect(diff.filter(({ kind }) => kind === 'added')).toHaveLength(3000);
  });
});

test('is done again for other texts than the last ones only', () => {
  const diff = createDiff();
  const first = diff('a', 'b');
  expect(first).toEqual(diffLines('a', 'b'));
  expect(diff('a', 'b')).toBe(first);
  expect(text(diff('a', 'c'))).toEqual(['-a', '+c']);
  expect(text(diff('b', 'c'))).toEqual(['-b', '+c']);
  expect(diff('a', 'b')).not.toBe(first);
});

test('hunks hold what differs with three lines around it, and say how much was left out', () => {
  const lines = Array.from({ length: 40 }, (_, n) => `line ${String(n)}`);
  const changed = lines.map((line, n) => (n === 10 || n === 30 ? 'changed' : line));
  const hunks = hunksOf(diffLines(lines.join('\n'), changed.join('\n')));
  expect(hunks.map(({ skipped, lines: { length } }) => [skipped, length])).toEqual([
    [7, 8],
    [13, 8],
  ]);
});

/** Some of a few letters, the same for the same seed. */
function letters(seed: number): string[] {
  let state = seed;
  const next = (most: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * most);
  };
  return Array.from({ length: next(12) + 1 }, () => 'abcd'.charAt(next(4)));
}

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined || b.length === 0) return 0;
  const at = b.indexOf(first);
  const without = longestCommon(rest, b);
  return at === -1 ? without : Math.max(without, 1 + longestCommon(rest, b.slice(at + 1)));
}
