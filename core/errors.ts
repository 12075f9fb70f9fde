/** One problem of a request: where it is and what is wrong, in words a person can act on. */
export interface Problem {
  /** Path in the document, e.g. `spec.config.nodes[1].hostname`; empty for the whole body. */
  path: string;
  message: string;
}

/** Every way plinth fails, by class. The API maps these to HTTP, the CLI to exit codes, workflows branch on them. */
export const ErrorCode = {
  // the request
  InvalidRequest: 'InvalidRequest',
  Unauthorized: 'Unauthorized',
  Forbidden: 'Forbidden',
  NotFound: 'NotFound',
  Conflict: 'Conflict',
  // the machine, worth trying again
  ConnectionLost: 'ConnectionLost',
  MachineUnreachable: 'MachineUnreachable',
  PackageLockHeld: 'PackageLockHeld',
  Busy: 'Busy',
  // the machine, not worth trying again until a person acted
  AuthFailed: 'AuthFailed',
  HostKeyMismatch: 'HostKeyMismatch',
  ForeignCluster: 'ForeignCluster',
  /** Nothing of ours is on it: never claimed, or made anew since. */
  NotClaimed: 'NotClaimed',
  PreflightFailed: 'PreflightFailed',
  StepFailed: 'StepFailed',
  ArtifactMissing: 'ArtifactMissing',
  ArtifactCorrupt: 'ArtifactCorrupt',
  QuorumRisk: 'QuorumRisk',
  Cancelled: 'Cancelled',
  // ours
  Internal: 'Internal',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.ConnectionLost,
  ErrorCode.MachineUnreachable,
  ErrorCode.PackageLockHeld,
  ErrorCode.Busy,
  ErrorCode.Internal,
]);

/** What a failed step tells a person. Small enough for a Temporal failure (lines are capped). */
export interface StepFailure {
  /** Its class; where it is recorded. */
  code?: ErrorCode;
  node: string;
  step: string;
  /** The command of the script that failed, when the step's script named one. */
  command?: string;
  exitCode?: number;
  lastLines?: string[];
  /** What to do, in words. */
  hint?: string;
}

/** The one error family. `code` is what callers branch on; never the text. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];
  readonly failure: StepFailure | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { problems?: readonly Problem[]; failure?: StepFailure; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.failure = options.failure;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
