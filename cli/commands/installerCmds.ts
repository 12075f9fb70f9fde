import { Option, type Command } from 'commander';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';

interface InstallerCommands {
  installerCmds: { arch: string; command: string; undoCommand: string }[];
  expiresAt: string;
  warning?: string;
}

interface InstallerOptions {
  arch: string;
  new?: boolean;
  revoke?: boolean;
  undo?: boolean;
  output?: string;
}

export function installerCmdsCommand(program: Command, context: CommandContext): void {
  program
    .command('installer-cmds <cluster>')
    .description('the command that brings a machine into the cluster, run on the machine')
    .addOption(
      new Option('--arch <arch>', "the machine's").choices(['amd64', 'arm64']).default('amd64'),
    )
    .option('--new', 'with a token of its own, instead of the one that is there')
    .option('--undo', 'instead: what takes the command back on the machine')
    .option('--revoke', 'make every command of the cluster useless')
    .addOption(new Option('-o, --output <format>', 'the answer as it is').choices(['json']))
    .action(async (name: string, options: InstallerOptions) => {
      const { client, project } = context.session();
      const path = `${clusterPath(project, name)}/installercmds`;
      if (options.revoke === true) {
        await client.send('DELETE', path);
        context.out(`every installer command of cluster ${name} is revoked`);
        return;
      }
      const text =
        options.new === true ? await client.send('POST', path) : await client.getText(path);
      const answer = JSON.parse(text) as InstallerCommands;
      if (options.output === 'json') {
        context.out(JSON.stringify(answer, null, 2));
        return;
      }
      const found = answer.installerCmds.find(({ arch }) => arch === options.arch);
      if (found === undefined) {
        throw new CliError(`there is no command for ${options.arch}`, ExitCode.NotFound);
      }
      // Alone on standard output, so that it can be piped to ssh.
      context.out(options.undo === true ? found.undoCommand : found.command);
      context.err(`good until ${answer.expiresAt}; it lets machines in: treat it like a key`);
      if (answer.warning !== undefined) context.err(`warning: ${answer.warning}`);
    });
}
