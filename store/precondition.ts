import { AppError, ErrorCode } from '../core/errors.js';
import type { ClusterRecord } from '../core/records.js';
import { resourceVersion } from '../core/resourceVersion.js';

/** What must be true for a change to be made; otherwise Conflict. */
export interface Precondition {
  /** It is at one of these resource versions; `*`: it is there. */
  match?: readonly string[];
  /** It is not there. */
  absent?: boolean;
}

/** @throws AppError Conflict unless it holds for what is stored. */
export function checkPrecondition(
  name: string,
  existing: Pick<ClusterRecord, 'id' | 'generation' | 'deleting'> | undefined,
  precondition: Precondition | undefined,
): void {
  if (precondition === undefined) return;
  const { match, absent = false } = precondition;
  if (absent && existing !== undefined) {
    throw new AppError(ErrorCode.Conflict, `there is a cluster ${name} already (If-None-Match: *)`);
  }
  if (match === undefined) return;
  if (existing === undefined) {
    throw new AppError(ErrorCode.Conflict, `there is no cluster ${name} (any more): see If-Match`);
  }
  const version = resourceVersion(existing);
  if (match.includes('*') || match.includes(version)) return;
  throw new AppError(
    ErrorCode.Conflict,
    `cluster ${name} was changed since it was read: it is at resourceVersion ${version}, If-Match says ${match.join(', ')}; read it again`,
  );
}
