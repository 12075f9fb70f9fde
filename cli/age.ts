const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** `5d`, `3h12m`, `42s`: how long ago it was, as kubectl writes it. */
export function age(time: string | undefined, now: number): string {
  if (time === undefined) return '';
  const seconds = Math.max(0, Math.floor((now - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return '';
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[first === -1 ? 3 : first] ?? ['s', 1];
  const whole = Math.floor(seconds / size);
  const [nextUnit, nextSize] = UNITS[first + 1] ?? ['', 1];
  const rest = Math.floor((seconds % size) / nextSize);
  // Two units while the first one alone would say little.
  if (nextUnit === '' || rest === 0 || whole >= 10) return `${whole}${unit}`;
  return `${whole}${unit}${rest}${nextUnit}`;
}
