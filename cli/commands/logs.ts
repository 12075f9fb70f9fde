import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { followLogs, type LogFilter } from '../followLogs.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';

interface LogOptions extends Omit<LogFilter, 'q'> {
  taskset?: string;
  follow?: boolean;
  grep?: string;
}

export function logsCommand(program: Command, context: CommandContext): void {
  program
    .command('logs <cluster>')
    .description("what the steps' scripts wrote on the machines")
    .option('-t, --taskset <id>', 'default: the newest')
    .option('-n, --node <hostname>', 'only of this node')
    .option('-s, --step <step>', 'only of this step, e.g. kubeadm-init')
    .option('--attempt <number>', 'only of this attempt')
    .option('-g, --grep <text>', 'only lines that hold this, in whatever case')
    .option('-f, --follow', 'go on until the taskset has ended')
    .action(async (name: string, { taskset, follow = false, grep, ...of }: LogOptions) => {
      const { client, project } = context.session();
      const path = clusterPath(project, name);
      const id = taskset ?? newest(await client.getJson<Cluster>(`${path}/status`));
      const tasksetPath = `${path}/tasksets/${encodeURIComponent(id)}`;
      const filter: LogFilter = { ...of, ...(grep === undefined ? {} : { q: grep }) };
      if (!follow) {
        const query = new URLSearchParams({ ...filter });
        const text = await client.getText(`${tasksetPath}/logs?${query.toString()}`);
        if (text !== '') context.out(text.replace(/\n$/, ''));
        return;
      }
      const signal = context.interrupt();
      await followLogs({ client, path: tasksetPath, filter, out: context.out, signal });
      if (signal.aborted) {
        throw new CliError(
          `stopped following; the operation on cluster ${name} goes on`,
          ExitCode.Interrupted,
        );
      }
    });
}

function newest({ metadata, status }: Cluster): string {
  const id = status?.lastTasksets[0]?.tasksetId;
  if (id !== undefined) return id;
  throw new CliError(`nothing was done to ${metadata.name} yet`, ExitCode.NotFound);
}
