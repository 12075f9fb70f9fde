/** A run of lines that are in both, only in the old text, or only in the new one. */
interface Edit {
  kind: ' ' | '-' | '+';
  line: string;
}

const CONTEXT_LINES = 3;
/** Texts that differ in more lines than this are shown as one replaced by the other. */
const MOST_EDITS = 2_000;

/**
 * A unified diff of two texts, without a header; empty when they are the same. By Myers' algorithm ("An O(ND)
 * Difference Algorithm", 1986) on what lies between their common beginning and end.
 */
export function lineDiff(before: readonly string[], after: readonly string[]): string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start])
    start += 1;
  let [endA, endB] = [before.length, after.length];
  while (endA > start && endB > start && before[endA - 1] === after[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  if (start === endA && start === endB) return [];
  const same = (line: string): Edit => ({ kind: ' ', line });
  return hunks([
    ...before.slice(0, start).map(same),
    ...edits(before.slice(start, endA), after.slice(start, endB)),
    ...before.slice(endA).map(same),
  ]);
}

function edits(a: readonly string[], b: readonly string[]): Edit[] {
  const trace = shortest(a, b);
  if (trace === undefined) {
    return [
      ...a.map((line): Edit => ({ kind: '-', line })),
      ...b.map((line): Edit => ({ kind: '+', line })),
    ];
  }
  const found: Edit[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const reach = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const previous = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reach.get(previous) ?? 0);
    const fromY = d === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      found.push({ kind: ' ', line: a[x] ?? '' });
    }
    if (d === 0) break;
    if (down) found.push({ kind: '+', line: b[fromY] ?? '' });
    else found.push({ kind: '-', line: a[fromX] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}

/** How far each diagonal reached before each number of edits; undefined: too many. */
function shortest(a: readonly string[], b: readonly string[]): Map<number, number>[] | undefined {
  const reach = new Map([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d += 1) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return undefined;
}

/** Changes with a few lines around them; those that are near each other together. */
function hunks(all: readonly Edit[]): string[] {
  const changed = all.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const lines: string[] = [];
  for (let first = 0; first < changed.length;) {
    let last = first;
    while ((changed[last + 1] ?? Infinity) - (changed[last] ?? 0) <= 2 * CONTEXT_LINES) last += 1;
    const from = Math.max(0, (changed[first] ?? 0) - CONTEXT_LINES);
    const to = Math.min(all.length, (changed[last] ?? 0) + CONTEXT_LINES + 1);
    lines.push(head(all, from, to), ...all.slice(from, to).map(({ kind, line }) => kind + line));
    first = last + 1;
  }
  return lines;
}

function head(all: readonly Edit[], from: number, to: number): string {
  const count = (edits: readonly Edit[], but: '+' | '-'): number =>
    edits.filter(({ kind }) => kind !== but).length;
  const range = (but: '+' | '-'): string => {
    const lines = count(all.slice(from, to), but);
    return `${count(all.slice(0, from), but) + (lines === 0 ? 0 : 1)},${lines}`;
  };
  return `@@ -${range('+')} +${range('-')} @@`;
}
