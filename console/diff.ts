import { lineEdits, type LineEdit } from '../core/lineDiff.js';

/** The lines of two texts, what they share kept. */
export function diffLines(before: string, after: string): LineEdit[] {
  return lineEdits(lines(before), lines(after));
}

/** As `diffLines`, which is only done again for other texts than the last ones: a page is drawn every second. */
export function createDiff(): (before: string, after: string) => readonly LineEdit[] {
  let last: { before: string; after: string; result: readonly LineEdit[] } | undefined;
  return (before, after) => {
    if (last?.before !== before || last.after !== after) {
      last = { before, after, result: diffLines(before, after) };
    }
    return last.result;
  };
}

function lines(text: string): string[] {
  const all = text.split('\n');
  return all.at(-1) === '' ? all.slice(0, -1) : all;
}

export interface Hunk {
  /** Lines of what is the same that were left out before it. */
  skipped: number;
  lines: LineEdit[];
}

/** What differs, with `around` lines of what is the same on each side. */
export function hunksOf(diff: readonly LineEdit[], around = 3): Hunk[] {
  const shown = new Set<number>();
  diff.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    for (let near = index - around; near <= index + around; near++) shown.add(near);
  });
  const hunks: Hunk[] = [];
  let skipped = 0;
  diff.forEach((line, index) => {
    if (!shown.has(index)) {
      skipped++;
      return;
    }
    if (skipped > 0 || hunks.length === 0) hunks.push({ skipped, lines: [] });
    skipped = 0;
    hunks.at(-1)?.lines.push(line);
  });
  return hunks;
}
