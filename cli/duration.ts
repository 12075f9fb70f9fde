/** `1.5 s`, `42 s`, `3 min 5 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Milliseconds from start to end, or to `now` while it runs; undefined when they are not known. */
export function stepDuration(
  { startedAt, endedAt }: { startedAt?: string; endedAt?: string },
  now?: number,
): number | undefined {
  if (startedAt === undefined) return undefined;
  const end = endedAt === undefined ? now : Date.parse(endedAt);
  return end === undefined ? undefined : Math.max(0, end - Date.parse(startedAt));
}
