import fc from 'fast-check';
import { expect, test } from 'vitest';

import { lineEdits, type LineEdit } from './lineDiff.js';

const SIGN = { same: ' ', removed: '-', added: '+' } as const;
const signs = (edits: readonly LineEdit[]): string[] =>
  edits.map(({ kind, text }) => SIGN[kind] + text);

test('what goes stands before what comes in its place', () => {
  expect(signs(lineEdits(['a', 'b', 'c'], ['a', 'x', 'c']))).toEqual([' a', '-b', '+x', ' c']);
});

test('both texts can be read from it, with as few edits as there can be', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const edits = lineEdits(before, after);
      const without = (other: LineEdit['kind']): string[] =>
        edits.filter(({ kind }) => kind !== other).map(({ text }) => text);
      expect(without('added')).toEqual(before);
      expect(without('removed')).toEqual(after);
      const kept = edits.filter(({ kind }) => kind === 'same').length;
      expect(kept).toBe(longestCommon(before, after));
    }),
    { numRuns: 300 },
  );
});

/** Every second line is another. */
const halfChanged = (lines: number) => {
  const before = Array.from({ length: lines }, (_, n) => String(n));
  return lineEdits(
    before,
    before.map((line, n) => (n % 2 === 0 ? `${line}!` : line)),
  );
};

test.each([
  [250, 500],
  [251, 502],
])(
  '%i lines changed are %i edits: from 501 on the one text stands before the other',
  (lines, edits) => {
    const found = halfChanged(2 * lines - 1);
    const kinds = found.map(({ kind }) => kind);
    if (edits <= 500) {
      expect(kinds.filter((kind) => kind === 'same')).toHaveLength(lines - 1);
    } else {
      expect(kinds).toEqual([
        ...Array.from({ length: 2 * lines - 1 }, () => 'removed'),
        ...Array.from({ length: 2 * lines - 1 }, () => 'added'),
      ]);
    }
  },
);

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let above = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const row = [0];
    b.forEach((other, at) => {
      row.push(line === other ? above[at]! + 1 : Math.max(above[at + 1]!, row[at]!));
    });
    above = row;
  }
  return above[b.length]!;
}
