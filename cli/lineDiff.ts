import { lineEdits, type LineEdit } from '../core/lineDiff.js';

const CONTEXT_LINES = 3;
const SIGN = { same: ' ', removed: '-', added: '+' } as const;

/** A unified diff of two texts, without a header; empty when they are the same. */
export function lineDiff(before: readonly string[], after: readonly string[]): string[] {
  return hunks(lineEdits(before, after));
}

/** Changes with a few lines around them; those that are near each other together. */
function hunks(all: readonly LineEdit[]): string[] {
  const changed = all.flatMap(({ kind }, index) => (kind === 'same' ? [] : [index]));
  const lines: string[] = [];
  for (let first = 0; first < changed.length;) {
    let last = first;
    while ((changed[last + 1] ?? Infinity) - (changed[last] ?? 0) <= 2 * CONTEXT_LINES) last += 1;
    const from = Math.max(0, (changed[first] ?? 0) - CONTEXT_LINES);
    const to = Math.min(all.length, (changed[last] ?? 0) + CONTEXT_LINES + 1);
    lines.push(
      head(all, from, to),
      ...all.slice(from, to).map(({ kind, text }) => SIGN[kind] + text),
    );
    first = last + 1;
  }
  return lines;
}

function head(all: readonly LineEdit[], from: number, to: number): string {
  const count = (edits: readonly LineEdit[], but: LineEdit['kind']): number =>
    edits.filter(({ kind }) => kind !== but).length;
  const range = (but: LineEdit['kind']): string => {
    const lines = count(all.slice(from, to), but);
    return `${count(all.slice(0, from), but) + (lines === 0 ? 0 : 1)},${lines}`;
  };
  return `@@ -${range('added')} +${range('removed')} @@`;
}
