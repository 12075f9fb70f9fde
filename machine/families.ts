import { AppError, ErrorCode } from '../core/errors.js';

/** Systems that install, enable and configure things the same way. */
export type OsFamily = 'debian' | 'rhel';

const FAMILIES: readonly (readonly [RegExp, OsFamily])[] = [
  [/^(Debian|Ubuntu)\d/, 'debian'],
  [/^(RHEL|Rocky|AlmaLinux|CentOS)\d/, 'rhel'],
];

/**
 * The family of an `operatingSystem` word (`Debian12`, `Rocky9`).
 * @throws AppError InvalidRequest for a word that validation should have refused.
 */
export function familyOf(operatingSystem: string): OsFamily {
  const found = FAMILIES.find(([pattern]) => pattern.test(operatingSystem));
  if (found === undefined) {
    throw new AppError(
      ErrorCode.InvalidRequest,
      `operating system ${operatingSystem} is not supported`,
    );
  }
  return found[1];
}
