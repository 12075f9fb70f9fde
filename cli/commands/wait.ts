import type { Command } from 'commander';

import type { Problem } from '../../core/errors.js';
import { CliError } from '../client.js';
import { formatDuration } from '../duration.js';
import { ExitCode } from '../exitCodes.js';
import { limitedSignal } from '../limitedSignal.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { showOutcome, type ShowOptions } from '../showStatus.js';
import { parseTimeout } from '../timeout.js';
import { watchCluster } from '../watch.js';

export interface TimeoutOption {
  timeout?: string;
}

export interface WaitOptions extends TimeoutOption {
  wait?: boolean;
}

interface ReportOptions extends TimeoutOption {
  show?: ShowOptions;
  /** It was cancelled: there is nothing to stop any more. */
  cancelled?: boolean;
}

export function withTimeout(command: Command): Command {
  return command.option('--timeout <time>', 'stop waiting after 90s, 10m, 1h30m; default: never');
}

/** Adds `--wait` and `--timeout`. */
export function withWait(command: Command, until = 'it is READY or failed'): Command {
  return withTimeout(command.option('-w, --wait', `show progress until ${until}`));
}

/**
 * Before anything is asked for, so that a wrong time changes nothing.
 * @throws CliError Usage, also where nothing waits that it could end.
 */
export function checkTimeout(
  { timeout }: TimeoutOption,
  { waits, by }: { waits: boolean | undefined; by: string },
): void {
  if (timeout === undefined) return;
  parseTimeout(timeout);
  if (waits !== true) throw new CliError(`--timeout ends a ${by}: give that too`, ExitCode.Usage);
}

/**
 * Shows progress until nothing is left to do, then how the cluster stands. Ctrl-C and the timeout end the waiting and
 * nothing else.
 * @throws CliError OperationFailed when it ended failed; Interrupted; TimedOut.
 */
export async function waitAndReport(
  context: CommandContext,
  session: Session,
  name: string,
  options: ReportOptions = {},
): Promise<void> {
  await watchAndReport(context, session, name, { ...options, ending: endingOf(context, options) });
}

/**
 * The same of several clusters one after the other, all before the one deadline: each is reported, whatever becomes of
 * those before it, until the server cannot be asked any more.
 * @throws CliError with a line for each that is not READY: OperationFailed where one failed, else Interrupted or TimedOut,
 * or what the server could not be asked for.
 */
export async function waitForAll(
  context: CommandContext,
  session: Session,
  names: readonly string[],
  options: TimeoutOption,
): Promise<void> {
  const ending = endingOf(context, options);
  const failures: { name: string; error: CliError }[] = [];
  for (const [index, name] of names.entries()) {
    try {
      await watchAndReport(context, session, name, { ending });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      failures.push({ name, error });
      if (ENDINGS.has(error.exitCode)) continue;
      const unseen = new CliError('was not looked at any more', error.exitCode);
      failures.push(...names.slice(index + 1).map((rest) => ({ name: rest, error: unseen })));
      break;
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  if (names.length === 1) throw first.error;
  throw notAllReady(names.length, failures, ending);
}

function notAllReady(
  many: number,
  failures: readonly { name: string; error: CliError }[],
  { requests }: Ending,
): CliError {
  const problems = failures.map(({ name, error }): Problem => ({
    path: name,
    message: error.message,
  }));
  const codes = failures.map(({ error }) => error.exitCode);
  const unknown = codes.find((code) => !ENDINGS.has(code));
  const failed = codes.find((code) => code === ExitCode.OperationFailed);
  const are = unknown !== undefined || requests.aborted ? 'are not known to be' : 'are not';
  return new CliError(
    `${failures.length} of ${many} clusters ${are} READY`,
    failed ?? unknown ?? codes[0] ?? ExitCode.OperationFailed,
    problems,
  );
}

const ENDINGS: ReadonlySet<ExitCode> = new Set([
  ...[ExitCode.OperationFailed, ExitCode.Interrupted, ExitCode.TimedOut],
]);

/** What ends the watching before its time. */
interface Ending {
  signal: AbortSignal;
  /** What ends its requests: Ctrl-C at once, the timeout once there was time for a last look at all. */
  requests: AbortSignal;
  /** By Ctrl-C, or by the timeout after that many milliseconds. */
  timedOutAfter: () => number | undefined;
}

/** A look at a cluster takes milliseconds; a server that hangs would take 30 s each. */
const LAST_LOOKS_MS = 5_000;

function endingOf(context: CommandContext, { timeout }: TimeoutOption): Ending {
  const interrupted = context.interrupt();
  if (timeout === undefined) {
    return { signal: interrupted, requests: interrupted, timedOutAfter: () => undefined };
  }
  const ms = parseTimeout(timeout);
  const limit = AbortSignal.timeout(ms);
  return {
    signal: AbortSignal.any([interrupted, limit]),
    requests: limitedSignal(ms + LAST_LOOKS_MS, interrupted).signal,
    timedOutAfter: () => (limit.aborted && !interrupted.aborted ? ms : undefined),
  };
}

async function watchAndReport(
  context: CommandContext,
  session: Session,
  name: string,
  { show = {}, cancelled = false, ending }: ReportOptions & { ending: Ending },
): Promise<void> {
  const { client, project } = session;
  const { outcome, cluster } = await watchCluster({
    ...{ client, project, name, screen: context.screen },
    ...{ signal: ending.signal, requests: ending.requests },
  });
  if (outcome === 'aborted') throw stoppedWatching(name, ending.timedOutAfter(), cancelled);
  if (outcome === 'gone') context.out(`cluster ${name} is gone`);
  if (cluster !== undefined) await showOutcome(context, session, cluster, show);
  if (outcome === 'failed') {
    throw new CliError(
      cluster?.status?.commonStatus.reason ?? 'it failed',
      ExitCode.OperationFailed,
    );
  }
}

function stoppedWatching(name: string, ms: number | undefined, cancelled: boolean): CliError {
  const after = ms === undefined ? '' : ` after ${formatDuration(ms)}`;
  const goesOn = cancelled ? 'goes on to its next safe point' : 'goes on';
  return new CliError(
    [
      `stopped watching${after}; the operation on cluster ${name} ${goesOn}`,
      `  plinth status ${name} --watch   shows how`,
      ...(cancelled ? [] : [`  plinth cancel ${name}           stops it at the next safe point`]),
    ].join('\n'),
    ms === undefined ? ExitCode.Interrupted : ExitCode.TimedOut,
  );
}
