import type { TimedStep } from './criticalPath.js';

const NAME_COLUMNS = 30;
const BAR_COLUMNS = 72;

/**
 * One line per step on one axis of time: `░` is what the worker spent around the machine's own work `█`. At most
 * 120 columns.
 */
export function waterfall(steps: readonly TimedStep[], from: number, to: number): string {
  const scale = BAR_COLUMNS / Math.max(1, to - from);
  const column = (time: number): number =>
    Math.max(0, Math.min(BAR_COLUMNS, Math.floor((time - from) * scale)));
  const seconds = ((to - from) / 1000).toFixed(1);
  const head = `${'seconds'.padEnd(NAME_COLUMNS)} 0${seconds.padStart(BAR_COLUMNS - 1)}   start  took`;
  const order = steps.toSorted(
    (a, b) => compare(a.hostname, b.hostname) || a.startedAt - b.startedAt,
  );
  const lines = order.map((step) => {
    const cells = Array.from({ length: BAR_COLUMNS }, () => ' ');
    paint(cells, '░', column(step.begunAt ?? step.startedAt), column(step.doneAt ?? step.endedAt));
    paint(cells, '█', column(step.startedAt), column(step.endedAt));
    const start = ((step.startedAt - from) / 1000).toFixed(1).padStart(7);
    const took = ((step.endedAt - step.startedAt) / 1000).toFixed(1).padStart(6);
    const name = `${step.hostname} ${step.step}`.slice(0, NAME_COLUMNS).padEnd(NAME_COLUMNS);
    return `${name} ${cells.join('')} ${start}${took}`;
  });
  return [head, ...lines].join('\n');
}

/** Whatever took time shows, if only by one column. */
function paint(cells: string[], mark: string, from: number, to: number): void {
  const first = Math.min(from, cells.length - 1);
  cells.fill(mark, first, Math.max(first + 1, to));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
