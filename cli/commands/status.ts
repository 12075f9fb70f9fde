import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { statusLines } from '../statusLines.js';
import { waitAndReport } from './wait.js';

export function statusCommand(program: Command, context: CommandContext): void {
  program
    .command('status <name>')
    .description('how a cluster stands')
    .option('-w, --watch', 'show progress until it is READY or failed')
    .option('-o, --output <format>', 'json: the answer as it is')
    .action(
      async (name: string, { watch = false, output }: { watch?: boolean; output?: string }) => {
        const session = context.session();
        if (watch) return waitAndReport(context, session, name);
        const path = `${clusterPath(session.project, name)}/status`;
        const cluster = await session.client.getJson<Cluster>(path);
        if (output === 'json') context.out(JSON.stringify(cluster.status, null, 2));
        else statusLines(cluster).forEach((line) => context.out(line));
      },
    );
}
