import type { Command } from 'commander';

import { CliError, createClient } from '../client.js';
import type { CommandContext } from '../program.js';
import { readSettings } from '../session.js';
import { VERSION } from '../version.js';

export function versionCommand(program: Command, context: CommandContext): void {
  program
    .command('version')
    .description("of this command line and of the server's API")
    .option('--client', 'only of the command line')
    .action(async ({ client = false }: { client?: boolean }) => {
      context.out(`plinth ${VERSION}`);
      if (client) return;
      const { server } = readSettings(context.globals(), context.env);
      // It needs no key.
      const { info } = await createClient(server, '').getJson<{ info?: { version?: string } }>(
        '/openapi.json',
      );
      if (info?.version === undefined) {
        throw new CliError(`${server} is no plinth`, 69);
      }
      context.out(`server ${info.version} at ${server}`);
    });
}
