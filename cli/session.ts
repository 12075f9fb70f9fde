import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { CliError, createClient, type Client, type StreamingClient } from './client.js';
import { configPath, readContexts, readKeyFile, type Context } from './contexts.js';
import { ExitCode } from './exitCodes.js';

/** Options that every command takes; absent: not given. */
export interface GlobalOptions {
  server?: string;
  project?: string;
  keyFile?: string;
  context?: string;
}

/** The server and the key to talk to it with. */
export interface Session {
  client: StreamingClient;
  project: string;
  server: string;
}

export interface Settings {
  server: string;
  project: string;
  /** The context they come from; absent: none. */
  context?: string;
  /** Absolute. */
  caFile?: string;
  /** @throws CliError when there is no key, or it cannot be used. */
  key: () => string;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * What is given on the command line goes over the environment (PLINTH_URL, PLINTH_API_KEY, PLINTH_PROJECT), that over the
 * context, and where nothing is said it is a plinth on this computer. A key is only ever sent to the server it was kept
 * for: with another server comes another key.
 * @throws CliError Usage for a server that is no URL; Config for a context that is not there.
 */
export function readSettings(options: GlobalOptions, env: NodeJS.ProcessEnv): Settings {
  const [name, context] = contextOf(options, env);
  const local = `http://127.0.0.1:${env['PLINTH_PORT'] ?? '8080'}`;
  const server = serverUrl(options.server ?? (env['PLINTH_URL'] || context?.server || local));
  const ofContext = context !== undefined && serverUrl(context.server) === server;
  return {
    server,
    project: options.project ?? (env['PLINTH_PROJECT'] || context?.project || 'defaultproject'),
    ...(ofContext && name !== undefined ? { context: name } : {}),
    ...(ofContext && context.caFile !== undefined ? { caFile: context.caFile } : {}),
    key: () => findKey(server, ofContext ? context : undefined, options, env),
  };
}

export function openSession(
  options: GlobalOptions,
  env: NodeJS.ProcessEnv,
  timeoutMs?: number,
): Session {
  const settings = readSettings(options, env);
  const { server, project, key } = settings;
  const client = createClient(server, key(), {
    ...trustOf(settings),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return { client, project, server };
}

/** For what the server tells everybody. @throws CliError Config for a CA file that cannot be read. */
export function clientWithoutKey(settings: Settings): Client {
  return createClient(settings.server, '', trustOf(settings));
}

function contextOf(
  { context }: GlobalOptions,
  env: NodeJS.ProcessEnv,
): [string | undefined, Context | undefined] {
  const path = configPath(env);
  const { current, contexts } = readContexts(path);
  const name = context ?? (env['PLINTH_CONTEXT'] || current);
  if (name === undefined) return [undefined, undefined];
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found !== undefined) return [name, found];
  const known = Object.keys(contexts);
  const are = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  throw new CliError(`${path} has no context ${name}: ${are}`, ExitCode.Config);
}

/** Without a slash at the end. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) {
    return text.replace(/\/+$/, '');
  }
  throw new CliError(
    `${JSON.stringify(text)} is no server: give its URL, http://… or https://…`,
    ExitCode.Usage,
  );
}

function findKey(
  server: string,
  context: Context | undefined,
  { keyFile }: GlobalOptions,
  env: NodeJS.ProcessEnv,
): string {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  if (env['PLINTH_API_KEY']) return env['PLINTH_API_KEY'];
  if (context?.keyFile !== undefined) return readKeyFile(context.keyFile);
  // Of a plinth on this computer, wherever it keeps its data: no other server is sent it.
  if (LOOPBACK.has(new URL(server).hostname)) {
    return readKeyFile(join(resolve(env['PLINTH_DATA'] || '.plinth'), 'admin-api-key'));
  }
  throw new CliError(
    `no API key for ${server}: set PLINTH_API_KEY, --key-file, or a context (plinth config set-context)`,
    ExitCode.Denied,
  );
}

function trustOf({ caFile }: Settings): { ca?: string } {
  return caFile === undefined ? {} : { ca: readCa(caFile) };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new CliError(
      `${path} cannot be read: it should hold a CA's certificate`,
      ExitCode.Config,
    );
  }
}
