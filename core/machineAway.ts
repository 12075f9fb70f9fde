import { ErrorCode } from './errors.js';

/** Nothing can be done on the machine, whoever is to blame. */
const AWAY: ReadonlySet<string> = new Set([
  ...[ErrorCode.MachineUnreachable, ErrorCode.ConnectionLost],
  ...[ErrorCode.AuthFailed, ErrorCode.HostKeyMismatch],
]);

/** Whether what failed with this code is a machine that does not answer, or does not let us in. */
export function isAway(code: string | undefined): boolean {
  return code !== undefined && AWAY.has(code);
}
