import type { Command } from 'commander';

import { CliError } from '../client.js';
import { formatDuration } from '../duration.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { statusLines } from '../statusLines.js';
import { parseTimeout } from '../timeout.js';
import { watchCluster } from '../watch.js';

export interface TimeoutOption {
  timeout?: string;
}

export interface WaitOptions extends TimeoutOption {
  wait?: boolean;
}

export function withTimeout(command: Command): Command {
  return command.option('--timeout <time>', 'stop waiting after 90s, 10m, 1h30m; default: never');
}

/** Adds `--wait` and `--timeout`. */
export function withWait(command: Command, until = 'it is READY or failed'): Command {
  return withTimeout(command.option('-w, --wait', `show progress until ${until}`));
}

/** Before anything is asked for, so that a wrong time changes nothing. @throws CliError Usage */
export function checkTimeout({ timeout }: TimeoutOption): void {
  if (timeout !== undefined) parseTimeout(timeout);
}

/**
 * Shows progress until nothing is left to do, then how the cluster stands. Ctrl-C and the timeout end the waiting and
 * nothing else.
 * @throws CliError OperationFailed when it ended failed; Interrupted; TimedOut.
 */
export async function waitAndReport(
  context: CommandContext,
  { client, project }: Session,
  name: string,
  { timeout }: TimeoutOption = {},
): Promise<void> {
  const ms = timeout === undefined ? undefined : parseTimeout(timeout);
  const limit = ms === undefined ? undefined : AbortSignal.timeout(ms);
  const signals = [context.interrupt(), limit].filter((signal) => signal !== undefined);
  const { outcome, cluster } = await watchCluster({
    ...{ client, project, name, screen: context.screen },
    signal: AbortSignal.any(signals),
  });
  if (outcome === 'aborted') {
    const timedOut = limit?.aborted === true;
    const after = timedOut ? ` after ${formatDuration(ms ?? 0)}` : '';
    throw new CliError(
      [
        `stopped watching${after}; the operation on cluster ${name} goes on`,
        `  plinth status ${name} --watch   shows how`,
        `  plinth cancel ${name}           stops it at the next safe point`,
      ].join('\n'),
      timedOut ? ExitCode.TimedOut : ExitCode.Interrupted,
    );
  }
  if (outcome === 'gone') context.out(`cluster ${name} is gone`);
  if (cluster !== undefined) {
    context.out(statusLines(cluster, { paint: context.paint }).join('\n'));
  }
  if (outcome === 'failed') {
    throw new CliError(
      cluster?.status?.commonStatus.reason ?? 'it failed',
      ExitCode.OperationFailed,
    );
  }
}
