import type { Command } from 'commander';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import { clientWithoutKey, readSettings } from '../session.js';
import { VERSION } from '../version.js';

export function versionCommand(program: Command, context: CommandContext): void {
  program
    .command('version')
    .description("of this command line and of the server's API")
    .option('--client', 'only of the command line')
    .action(async ({ client = false }: { client?: boolean }) => {
      context.out(`plinth ${VERSION}`);
      if (client) return;
      const settings = readSettings(context.globals(), context.env);
      const { server } = settings;
      const { info } = await clientWithoutKey(settings).getJson<{ info?: { version?: string } }>(
        '/openapi.json',
      );
      if (info?.version === undefined) {
        throw new CliError(`${server} is no plinth`, ExitCode.Unavailable);
      }
      context.out(`server ${info.version} at ${server}`);
    });
}
