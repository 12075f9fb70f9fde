import type { Command } from 'commander';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { clusterPath, nodePath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { checkTimeout, waitAndReport, withWait, type WaitOptions } from './wait.js';

interface DeleteOptions extends WaitOptions {
  yes?: boolean;
  force?: boolean;
}

export function changeCommands(program: Command, context: CommandContext): void {
  withWait(program.command('retry <cluster>'))
    .description('go on where it failed')
    .action(async (name: string, options: WaitOptions) => {
      checkTimeout(options, { waits: options.wait, by: '--wait' });
      const session = context.session();
      await session.client.send('POST', `${clusterPath(session.project, name)}/retry`);
      context.out(`cluster ${name} is submitted again`);
      if (options.wait === true) await waitAndReport(context, session, name, options);
    });
  withWait(program.command('cancel <cluster>'), 'it has stopped')
    .description('stop what is running at the next safe point')
    .action(async (name: string, options: WaitOptions) => {
      checkTimeout(options, { waits: options.wait, by: '--wait' });
      const session = context.session();
      await session.client.send('POST', `${clusterPath(session.project, name)}/cancel`);
      context.out(`cluster ${name} is about to stop`);
      if (options.wait === true) await waitUntilStopped(context, name, options);
    });
  withWait(program.command('delete <cluster>'), 'it is gone')
    .description('delete a cluster; its machines are left as they were found')
    .option('-y, --yes', 'do not ask')
    .option('--force', 'give up machines that do not answer')
    .action(async (name: string, options: DeleteOptions) => {
      checkTimeout(options, { waits: options.wait, by: '--wait' });
      const session = context.session();
      if (options.yes !== true) await confirmDeletion(context, session.project, name);
      const query = options.force === true ? '?force=true' : '';
      await session.client.send('DELETE', `${clusterPath(session.project, name)}${query}`);
      context.out(`cluster ${name} is being deleted`);
      if (options.wait === true) await waitAndReport(context, session, name, options);
    });
  program
    .command('approve <cluster> <hostnames...>')
    .description('let machines in that have registered by the installer command')
    .action(async (name: string, hostnames: string[]) => {
      const { client, project } = context.session();
      for (const hostname of hostnames) {
        await client
          .send('POST', `${nodePath(project, name, hostname)}/approve`)
          .catch((error: unknown) => {
            throw inOurWords(error, name);
          });
        context.out(`node ${hostname} of cluster ${name} is approved`);
      }
    });
}

/** A cancelled operation ends as failed: that is what was asked for. */
async function waitUntilStopped(
  context: CommandContext,
  name: string,
  options: WaitOptions,
): Promise<void> {
  try {
    await waitAndReport(context, context.session(), name, { ...options, cancelled: true });
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== ExitCode.OperationFailed) throw error;
  }
}

/** The API names its own path. */
function inOurWords(error: unknown, name: string): unknown {
  if (!(error instanceof CliError)) return error;
  const { message, exitCode, problems, status } = error;
  const ours = message.replace(
    /the command of GET \S*\/installercmds/,
    `the command that \`plinth installer-cmds ${name}\` gives`,
  );
  return new CliError(ours, exitCode, problems, status);
}

/** Only where somebody sits. @throws CliError Usage for another name, and where the question reaches nobody. */
async function confirmDeletion(
  { ask }: CommandContext,
  project: string,
  name: string,
): Promise<void> {
  if (ask === undefined) return;
  const answer = await ask(
    `This deletes cluster ${name} of project ${project}, and all that runs on it.\nType its name to go on: `,
  );
  if (answer === undefined) {
    throw new CliError(
      `nothing was deleted: the question whether to cannot be shown; --yes deletes cluster ${name} without it`,
      ExitCode.Usage,
    );
  }
  if (answer.trim() !== name) {
    throw new CliError(`nothing was deleted: that is not ${name}`, ExitCode.Usage);
  }
}
