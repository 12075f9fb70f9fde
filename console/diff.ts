export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

/** More differences than this are shown as all removed, all added. */
const MOST_EDITS = 2000;

/** The lines of two texts, what they share kept: Myers' algorithm on what is between a common begin and end. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = lines(before);
  const b = lines(after);
  let begin = 0;
  while (begin < a.length && begin < b.length && a[begin] === b[begin]) begin++;
  let [endA, endB] = [a.length, b.length];
  while (endA > begin && endB > begin && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...a.slice(0, begin).map(same),
    ...between(a.slice(begin, endA), b.slice(begin, endB)),
    ...a.slice(endA).map(same),
  ];
}

function lines(text: string): string[] {
  const all = text.split('\n');
  return all.at(-1) === '' ? all.slice(0, -1) : all;
}

function between(a: readonly string[], b: readonly string[]): DiffLine[] {
  const trace: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  const most = Math.min(MOST_EDITS, a.length + b.length);
  for (let edits = 0; edits <= most; edits++) {
    const next = new Map(reached);
    for (let k = -edits; k <= edits; k += 2) {
      const [left, right] = [reached.get(k - 1) ?? -1, reached.get(k + 1) ?? -1];
      let x = k === -edits || (k !== edits && left < right) ? right : left + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walk(a, b, [...trace, reached]);
    }
    trace.push(reached);
    reached = next;
  }
  return [
    ...a.map((text): DiffLine => ({ kind: 'removed', text })),
    ...b.map((text): DiffLine => ({ kind: 'added', text })),
  ];
}

/** Back from the end, along what each number of edits had reached. */
function walk(
  a: readonly string[],
  b: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): DiffLine[] {
  const found: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reached = trace[edits];
    const k = x - y;
    const [left, right] = [reached?.get(k - 1) ?? -1, reached?.get(k + 1) ?? -1];
    const from = k === -edits || (k !== edits && left < right) ? k + 1 : k - 1;
    const fromX = reached?.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      x--;
      y--;
      found.push({ kind: 'same', text: a[x] ?? '' });
    }
    if (edits === 0) break;
    if (x === fromX) {
      y--;
      found.push({ kind: 'added', text: b[y] ?? '' });
    } else {
      x--;
      found.push({ kind: 'removed', text: a[x] ?? '' });
    }
  }
  return found.toReversed();
}

export interface Hunk {
  /** Lines of what is the same that were left out before it. */
  skipped: number;
  lines: DiffLine[];
}

/** What differs, with `around` lines of what is the same on each side. */
export function hunksOf(diff: readonly DiffLine[], around = 3): Hunk[] {
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
