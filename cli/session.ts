import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { CliError, createClient, type Client } from './client.js';
import { ExitCode } from './exitCodes.js';

/** Options that every command takes. */
export interface GlobalOptions {
  server: string;
  project: string;
  keyFile?: string;
}

/** The server and the key to talk to it with. */
export interface Session {
  client: Client;
  project: string;
}

/**
 * The key is that of `--key-file`, else PLINTH_API_KEY, else the administrator's of a plinth on this computer.
 * @throws CliError Denied when there is none.
 */
export function openSession(options: GlobalOptions, env: NodeJS.ProcessEnv): Session {
  const server = options.server.replace(/\/+$/, '');
  return { client: createClient(server, findKey(options, env)), project: options.project };
}

function findKey({ keyFile }: GlobalOptions, env: NodeJS.ProcessEnv): string {
  if (keyFile === undefined && env['PLINTH_API_KEY']) return env['PLINTH_API_KEY'];
  const path = keyFile ?? join(resolve(env['PLINTH_DATA'] ?? '.plinth'), 'admin-api-key');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new CliError(
      `no API key: ${path} cannot be read; set PLINTH_API_KEY or --key-file`,
      ExitCode.Denied,
    );
  }
}
