/** How many commands each machine runs, one after the other. */
export const COMMANDS = 30;

export const numbers: readonly number[] = Array.from({ length: COMMANDS }, (_, index) => index + 1);

/** The n-th command: one line more in the machine's file. */
export function commandOf(number: number, output: string): string {
  return `printf '%s\\n' 'line ${String(number)}' >>'${output}'`;
}

/** What is wrong with the lines that a machine has after all commands; undefined: each is there once, in order. */
export function lineProblem(lines: readonly string[]): string | undefined {
  if (lines.length !== COMMANDS) return `${String(lines.length)} lines, not ${String(COMMANDS)}`;
  const wrong = numbers.find((number) => lines[number - 1] !== `line ${String(number)}`);
  return wrong === undefined
    ? undefined
    : `line ${String(wrong)} is ${JSON.stringify(lines[wrong - 1])}`;
}
