/** The time axis of a timeline: milliseconds since the epoch, its end at a tick. */
export interface Axis {
  from: number;
  to: number;
  /** Milliseconds between ticks. */
  tick: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TICKS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 4, 8, 12, 24].map((n) => n * HOUR),
];
const MOST_TICKS = 6;

/**
 * An axis that holds `from` to `to`, ending at the tick after it: what runs grows into the room there is, and the scale
 * changes only now and then.
 */
export function axisOf(from: number, to: number): Axis {
  const length = Math.max(SECOND, to - from);
  const tick =
    TICKS.find((one) => length / one <= MOST_TICKS) ?? Math.ceil(length / MOST_TICKS / HOUR) * HOUR;
  return { from, to: from + Math.ceil(length / tick) * tick, tick };
}

/** Where a moment is on the axis, in percent of its length. */
export function place({ from, to }: Axis, at: number): number {
  return Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100));
}

/** `0`, `30 s`, `1 min`, `1:30 min`, `2 h`. */
export function tickText(ms: number): string {
  if (ms === 0) return '0';
  if (ms < MINUTE) return `${String(ms / SECOND)} s`;
  if (ms < HOUR) {
    const seconds = (ms % MINUTE) / SECOND;
    const rest = seconds === 0 ? '' : `:${String(seconds).padStart(2, '0')}`;
    return `${String(Math.floor(ms / MINUTE))}${rest} min`;
  }
  const minutes = (ms % HOUR) / MINUTE;
  return `${String(Math.floor(ms / HOUR))}${minutes === 0 ? '' : `:${String(minutes).padStart(2, '0')}`} h`;
}
