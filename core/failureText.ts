import type { StepFailure } from './errors.js';

/** How much of a step's output an error carries: enough to see the cause, small enough for a status. */
const LINES = 6;

/** A step's failure in one paragraph: node (where it is about one), step, command, exit code, last lines, what to do. */
export function failureText(message: string, failure: Partial<StepFailure>): string {
  const at = [
    ...(failure.node === undefined ? [] : [`node ${failure.node}`]),
    ...(failure.step === undefined ? [] : [`step ${failure.step}`]),
  ];
  const where = at.length === 0 ? '' : `${at.join(', ')}: `;
  const command = failure.command === undefined ? '' : `; command: ${failure.command}`;
  const exit = failure.exitCode === undefined ? '' : `; exit code ${failure.exitCode}`;
  const lines = failure.lastLines?.filter((line) => line.trim() !== '').slice(-LINES) ?? [];
  const output = lines.length === 0 ? '' : `; last output: ${lines.join(' | ')}`;
  const hint = failure.hint === undefined ? '' : `; what to do: ${failure.hint}`;
  return `${where}${message}${command}${exit}${output}${hint}`;
}
