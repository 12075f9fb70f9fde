import { AppError, ErrorCode, type StepFailure } from '../core/errors.js';
import type { StepName } from '../core/steps.js';
import type { StepRunResult } from '../machine/types.js';
import { stepTitle } from './machineStep.js';

/** A failed run as the error people read and workflows branch on. */
export function stepError(node: string, step: StepName, result: StepRunResult): AppError {
  const failure: StepFailure = {
    node,
    step,
    lastLines: result.lastLines.slice(-20),
    ...(result.command === undefined ? {} : { command: result.command }),
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.hint === undefined ? {} : { hint: result.hint }),
  };
  const code = knownCode(result.failCode);
  const message =
    result.outcome === 'unknown'
      ? 'the machine restarted while the step ran, again and again'
      : `"${stepTitle(step)}" failed`;
  return new AppError(code, message, { failure });
}

function knownCode(code: string | undefined): ErrorCode {
  const codes: readonly string[] = Object.values(ErrorCode);
  return code !== undefined && codes.includes(code) ? (code as ErrorCode) : ErrorCode.StepFailed;
}

/** The machine could not be reached, or was lost on the way: another control plane may do the same work. */
export function isLost(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    (error.code === ErrorCode.MachineUnreachable || error.code === ErrorCode.ConnectionLost)
  );
}
