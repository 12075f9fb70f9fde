import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { statusLines } from '../statusLines.js';
import { watchCluster } from '../watch.js';

/**
 * Shows progress until nothing is left to do, then how the cluster stands.
 * @throws CliError OperationFailed when it ended failed.
 */
export async function waitAndReport(
  context: CommandContext,
  { client, project }: Session,
  name: string,
): Promise<void> {
  const { outcome, cluster } = await watchCluster({
    client,
    project,
    name,
    screen: context.screen,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  if (outcome === 'gone') context.out(`cluster ${name} is gone`);
  if (cluster !== undefined) statusLines(cluster).forEach((line) => context.out(line));
  if (outcome === 'failed') {
    throw new CliError(
      cluster?.status?.commonStatus.reason ?? 'it failed',
      ExitCode.OperationFailed,
    );
  }
}
