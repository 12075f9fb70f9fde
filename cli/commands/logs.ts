import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';

interface LogOptions {
  taskset?: string;
  node?: string;
  step?: string;
}

export function logsCommand(program: Command, context: CommandContext): void {
  program
    .command('logs <name>')
    .description("what the steps' scripts wrote on the machines")
    .option('-t, --taskset <id>', 'default: the newest')
    .option('-n, --node <hostname>', 'only of this node')
    .option('-s, --step <step>', 'only of this step, e.g. kubeadm-init')
    .action(async (name: string, { taskset, node, step }: LogOptions) => {
      const { client, project } = context.session();
      const path = clusterPath(project, name);
      const id = taskset ?? newest(await client.getJson<Cluster>(`${path}/status`));
      const query = new URLSearchParams({
        ...(node === undefined ? {} : { node }),
        ...(step === undefined ? {} : { step }),
      });
      context.out(
        (await client.getText(`${path}/tasksets/${id}/logs?${query.toString()}`)).trimEnd(),
      );
    });
}

function newest({ metadata, status }: Cluster): string {
  const id = status?.lastTasksets[0]?.tasksetId;
  if (id !== undefined) return id;
  throw new CliError(`nothing was done to ${metadata.name} yet`, ExitCode.NotFound);
}
