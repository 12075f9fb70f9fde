/** One exit code per class of error, after sysexits(3); documented in docs/cli.md. */
export const ExitCode = {
  Ok: 0,
  /** What was asked for was tried on the machines and failed; of `diff`: there are differences. */
  OperationFailed: 1,
  /** The command line is wrong. */
  Usage: 64,
  /** The document is wrong: not YAML, not valid, or refused by the server (400, 413, 415). */
  BadDocument: 65,
  /** No such cluster, project or file. */
  NotFound: 66,
  /** The server cannot be reached, or is not ready. */
  Unavailable: 69,
  /** The server failed (500). */
  ServerError: 70,
  /** A file cannot be written. */
  CannotWrite: 73,
  /** Something else is in the way now (409, 429): later it may work. */
  Conflict: 75,
  /** The key is missing, wrong, or not allowed to (401, 403). */
  Denied: 77,
  /** The command line's own configuration is wrong: contexts, a key file that others can read. */
  Config: 78,
  /** `--timeout` has passed; the operation goes on. */
  TimedOut: 124,
  /** Ctrl-C; the operation goes on. */
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export function exitCodeOfHttp(status: number): ExitCode {
  if (status === 401 || status === 403) return ExitCode.Denied;
  if (status === 404) return ExitCode.NotFound;
  if (status === 409 || status === 429) return ExitCode.Conflict;
  if (status === 502 || status === 503 || status === 504) return ExitCode.Unavailable;
  return status >= 500 ? ExitCode.ServerError : ExitCode.BadDocument;
}
