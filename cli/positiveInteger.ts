import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';

/** @throws CliError Usage that names the option. */
export function positiveInteger(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(`${option} ${text}: give a number from 1 on`, ExitCode.Usage);
}
