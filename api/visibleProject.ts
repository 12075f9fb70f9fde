import { AppError, ErrorCode } from '../core/errors.js';
import { mayEnter, type Principal } from './auth/principal.js';

/**
 * The project that a list is of: the one that is asked for, else the key's own; undefined: all.
 * @throws AppError Forbidden for one that the key is not for.
 */
export function visibleProject(
  principal: Principal,
  asked: string | undefined,
): string | undefined {
  const project = asked ?? principal.project;
  if (project !== undefined && !mayEnter(principal, project)) {
    throw new AppError(
      ErrorCode.Forbidden,
      `the key ${principal.name} is not for project ${project}`,
    );
  }
  return project;
}
