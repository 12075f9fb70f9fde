/** A line that is in both texts, only in the old one, or only in the new one. */
export interface LineEdit {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Texts that differ in more lines than this are shown as one replaced by the other: the time it takes grows with its square. */
const MOST_EDITS = 500;

/**
 * The lines of two texts with as few edits as there can be, what goes before what comes. By Myers' algorithm ("An O(ND)
 * Difference Algorithm", 1986) on what lies between their common beginning and end.
 */
export function lineEdits(before: readonly string[], after: readonly string[]): LineEdit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start])
    start += 1;
  let [endA, endB] = [before.length, after.length];
  while (endA > start && endB > start && before[endA - 1] === after[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const [a, b] = [before.slice(start, endA), after.slice(start, endB)];
  const trace = shortest(a, b);
  const between =
    trace === undefined ? [...all('removed', a), ...all('added', b)] : walk(a, b, trace);
  return [...all('same', before.slice(0, start)), ...between, ...all('same', before.slice(endA))];
}

function all(kind: LineEdit['kind'], lines: readonly string[]): LineEdit[] {
  return lines.map((text) => ({ kind, text }));
}

type Reach = ReadonlyMap<number, number>;

/** How far each diagonal reached before each number of edits; undefined: too many. */
function shortest(a: readonly string[], b: readonly string[]): Reach[] | undefined {
  const reach = new Map([[1, 0]]);
  const trace: Reach[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d += 1) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      let x = comesFromAbove(reach, k, d) ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return undefined;
}

/** The furthest way to diagonal k with d edits ends with a line that comes, not with one that goes. */
function comesFromAbove(reach: Reach, k: number, d: number): boolean {
  return k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
}

/** Back from the end, along what each number of edits had reached. */
function walk(a: readonly string[], b: readonly string[], trace: readonly Reach[]): LineEdit[] {
  const found: LineEdit[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const reach: Reach = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = comesFromAbove(reach, k, d);
    const previous = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reach.get(previous) ?? 0);
    const fromY = d === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      found.push({ kind: 'same', text: a[x] ?? '' });
    }
    if (d === 0) break;
    if (down) found.push({ kind: 'added', text: b[fromY] ?? '' });
    else found.push({ kind: 'removed', text: a[fromX] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}
