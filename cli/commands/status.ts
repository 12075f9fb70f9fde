import { Option, type Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { isForPrograms, OUTPUTS, printDocument, type Output } from '../output.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { showStatus } from '../showStatus.js';
import { checkTimeout, waitAndReport, withTimeout, type TimeoutOption } from './wait.js';

interface StatusOptions extends TimeoutOption {
  watch?: boolean;
  all?: boolean;
  output: Output;
}

export function statusCommand(program: Command, context: CommandContext): void {
  withTimeout(program.command('status <cluster>'))
    .description('how a cluster stands')
    .option('-w, --watch', 'show progress until it is READY or failed')
    .option('--all', 'every node, however many there are')
    .addOption(
      new Option(
        '-o, --output <format>',
        'wide: more of each node; json and yaml: the status as the API answers it',
      )
        .choices(OUTPUTS)
        .default('table'),
    )
    .action(async (name: string, options: StatusOptions) => {
      const { watch = false, all = false, output } = options;
      checkTimeout(options, { waits: watch, by: '--watch' });
      if (watch && isForPrograms(output)) {
        throw new CliError(
          `--watch shows progress to people: -o ${output} is without it`,
          ExitCode.Usage,
        );
      }
      const session = context.session();
      const show = { all, wide: output === 'wide' };
      if (watch) return waitAndReport(context, session, name, { ...options, show });
      const path = `${clusterPath(session.project, name)}/status`;
      const cluster = await session.client.getJson<Cluster>(path);
      if (output === 'name') context.out(cluster.metadata.name);
      else if (isForPrograms(output)) await printDocument(context, cluster.status, output);
      else await showStatus(context, session, cluster, show);
    });
}
