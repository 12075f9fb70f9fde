import type { Command } from 'commander';

import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { waitAndReport } from './wait.js';

interface WaitOption {
  wait?: boolean;
}

interface DeleteOptions extends WaitOption {
  force?: boolean;
}

export function changeCommands(program: Command, context: CommandContext): void {
  program
    .command('retry <name>')
    .description('go on where it failed')
    .option('-w, --wait', 'show progress until it is READY or failed')
    .action(async (name: string, { wait = false }: WaitOption) => {
      const session = context.session();
      await session.client.send('POST', `${clusterPath(session.project, name)}/retry`);
      context.out(`cluster ${name} is submitted again`);
      if (wait) await waitAndReport(context, session, name);
    });
  program
    .command('cancel <name>')
    .description('stop what is running at the next safe point')
    .action(async (name: string) => {
      const { client, project } = context.session();
      await client.send('POST', `${clusterPath(project, name)}/cancel`);
      context.out(`cluster ${name} is about to stop`);
    });
  program
    .command('delete <name>')
    .description('delete a cluster; its machines are left as they were found')
    .option('-w, --wait', 'show progress until it is gone')
    .option('--force', 'give up machines that do not answer')
    .action(async (name: string, { wait = false, force = false }: DeleteOptions) => {
      const session = context.session();
      const query = force ? '?force=true' : '';
      await session.client.send('DELETE', `${clusterPath(session.project, name)}${query}`);
      context.out(`cluster ${name} is being deleted`);
      if (wait) await waitAndReport(context, session, name);
    });
  program
    .command('kubeconfig <name>')
    .description("the administrator's kubeconfig, to standard output")
    .action(async (name: string) => {
      const { client, project } = context.session();
      context.out((await client.getText(`${clusterPath(project, name)}/kubeconfig`)).trimEnd());
    });
}
