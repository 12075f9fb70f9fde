import type { Command } from 'commander';

import { CliError, type Client } from '../client.js';
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
      const version = await serverVersion(clientWithoutKey(settings));
      if (version === undefined) {
        throw new CliError(`${server} is no plinth`, ExitCode.Unavailable);
      }
      context.out(`server ${version} at ${server}`);
    });
}

/** Undefined where it is no plinth. An older one says it only in the API's description, most of a megabyte. */
async function serverVersion(client: Client): Promise<string | undefined> {
  const { version } = await client.getJson<{ version?: string }>('/healthz').catch(notOurs);
  if (version !== undefined) return version;
  const { info } = await client
    .getJson<{ info?: { version?: string } }>('/openapi.json')
    .catch(notOurs);
  return info?.version;
}

function notOurs(error: unknown): Record<string, never> {
  if (error instanceof SyntaxError) return {};
  if (error instanceof CliError && error.status === 404) return {};
  throw error;
}
