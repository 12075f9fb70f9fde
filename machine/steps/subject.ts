import { AppError, ErrorCode } from '../../core/errors.js';
import type { NodeSpec } from '../../core/cluster.js';
import type { StepContext } from './types.js';

/**
 * The node that a step is about when it runs through another machine.
 * @throws AppError Internal when the context names none, or the machine itself.
 */
export function subjectOf({ subject, node }: StepContext, step: string): NodeSpec {
  if (!subject) throw new AppError(ErrorCode.Internal, `the step ${step} needs a subject`);
  if (subject.hostname === node.hostname) {
    throw new AppError(
      ErrorCode.Internal,
      `the step ${step} for ${subject.hostname} must run through another control plane`,
    );
  }
  return subject;
}
