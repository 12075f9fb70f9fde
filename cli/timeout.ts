import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };

/**
 * Milliseconds of `90s`, `10m`, `1h30m`; a number alone is seconds.
 * @throws CliError Usage for anything else.
 */
export function parseTimeout(text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) > 0) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d{1,6})([hms])/g)];
  const whole = parts.map(([part]) => part).join('');
  const ms = parts.reduce((sum, [, many, unit = '']) => sum + Number(many) * (UNITS[unit] ?? 0), 0);
  if (whole === text && ms > 0) return ms;
  throw new CliError(
    `--timeout ${text}: give a time, for example 90s, 10m or 1h30m`,
    ExitCode.Usage,
  );
}
