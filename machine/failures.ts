import { AppError, ErrorCode } from '../core/errors.js';
import type { MachineTarget, SeenHostKey } from './types.js';

/** How a machine is named in messages: the node and where it was looked for. */
export function address(target: Pick<MachineTarget, 'node' | 'host' | 'port' | 'bastion'>): string {
  const via = target.bastion
    ? ` through bastion ${target.bastion.host}:${target.bastion.port}`
    : '';
  return `${target.node} (${target.host}:${target.port}${via})`;
}

export function unreachable(target: MachineTarget, why: string, cause?: unknown): AppError {
  const hint = `check that ${target.host} is up, that sshd listens on port ${target.port} and that no firewall is between`;
  return failure(
    ErrorCode.MachineUnreachable,
    target,
    `${address(target)} cannot be reached: ${why}`,
    hint,
    cause,
  );
}

export function authFailed(
  target: MachineTarget,
  why: string,
  hint: string,
  cause?: unknown,
): AppError {
  return failure(ErrorCode.AuthFailed, target, `${address(target)}: ${why}`, hint, cause);
}

export function hostKeyMismatch(
  target: MachineTarget,
  pinned: string,
  seen: SeenHostKey,
): AppError {
  return failure(
    ErrorCode.HostKeyMismatch,
    target,
    `${address(target)} shows the host key ${seen.fingerprint}, but ${pinned} is pinned`,
    'if the machine was reinstalled, accept the new host key; otherwise somebody may be in between',
    new UnexpectedHostKey(seen, target.isBastion ?? false),
  );
}

/** The cause of a HostKeyMismatch: what was seen instead, for a person to judge. */
class UnexpectedHostKey extends Error {
  readonly seen: SeenHostKey;
  readonly ofBastion: boolean;

  constructor(seen: SeenHostKey, ofBastion: boolean) {
    super(`the host key is ${seen.fingerprint}`);
    this.seen = seen;
    this.ofBastion = ofBastion;
  }
}

/** What host key was seen, and whose, where that is why a connection was refused. */
export function unexpectedHostKey(
  error: unknown,
): { seen: SeenHostKey; ofBastion: boolean } | undefined {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof UnexpectedHostKey ? cause : undefined;
}

/** The connection ended under a command; what ran on the machine may live on. */
export function connectionLost(node: string, cause?: unknown): AppError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new AppError(ErrorCode.ConnectionLost, `the SSH connection to ${node} was lost${why}`, {
    cause,
  });
}

export function cancelled(node: string): AppError {
  return new AppError(ErrorCode.Cancelled, `the call to ${node} was cancelled`);
}

function failure(
  code: ErrorCode,
  target: MachineTarget,
  message: string,
  hint: string,
  cause?: unknown,
): AppError {
  return new AppError(code, message, {
    failure: { node: target.node, step: 'connect', hint },
    cause,
  });
}
