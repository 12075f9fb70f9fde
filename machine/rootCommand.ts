import { AppError, ErrorCode } from '../core/errors.js';
import { authFailed } from './failures.js';
import type { MachineTarget } from './types.js';

/** One word for any login shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that runs these words as root. */
export function asRoot(username: string, words: readonly string[]): string {
  const sudo = username === 'root' ? [] : ['sudo', '-n', '--'];
  return [...sudo, ...words.map(quote)].join(' ');
}

/** Why a command never ran, if that is what its stderr says; undefined when it ran. */
export function notRun(
  target: MachineTarget,
  code: number | undefined,
  stderr: string,
): AppError | undefined {
  if (target.username === 'root' || code === 0) return undefined;
  const line =
    code !== 1
      ? undefined
      : stderr
          .split('\n')
          .find((text) => text.startsWith('sudo: ') && !text.includes('unable to resolve host'));
  if (line !== undefined) {
    const hint = `give ${target.username} passwordless sudo (\`${target.username} ALL=(ALL) NOPASSWD:ALL\` in /etc/sudoers.d), or log in as root`;
    return authFailed(
      target,
      `${target.username} cannot become root: ${line.slice('sudo: '.length).trim()}`,
      hint,
    );
  }
  if (code === 127 && /sudo.*not found/.test(stderr)) {
    return authFailed(target, 'sudo is not installed', 'install sudo, or log in as root');
  }
  return undefined;
}

/** A step-like failure of something that is not a step. */
export function commandFailed(
  target: MachineTarget,
  step: string,
  message: string,
  hint?: string,
): AppError {
  return new AppError(ErrorCode.StepFailed, `${target.node}: ${message}`, {
    failure: { node: target.node, step, ...(hint === undefined ? {} : { hint }) },
  });
}
