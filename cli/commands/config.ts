import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import { CliError } from '../client.js';
import {
  configPath,
  keptKeyPath,
  readContexts,
  readKeyFile,
  writeContexts,
  writePrivately,
  type Context,
  type Contexts,
} from '../contexts.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import { readSettings, serverUrl } from '../session.js';
import { table } from '../table.js';

interface SetContextOptions {
  url?: string;
  apiKeyFile?: string;
  apiKeyStdin?: boolean;
  defaultProject?: string;
  caFile?: string;
}

export function configCommand(program: Command, context: CommandContext): void {
  const config = program
    .command('config')
    .description('the servers that you work with: contexts of server, key and project');
  config
    .command('get-contexts')
    .description('all of them; * is the current one')
    .option('--no-headers', 'a table without its first line')
    .option('-o, --output <format>', 'name: only their names')
    .action(({ headers, output }: { headers: boolean; output?: string }) => {
      getContexts(context, headers, output);
    });
  config
    .command('set-context <name>')
    .description('make a context, or change what is given of it')
    .option('--url <url>', "the server's")
    .option('--api-key-file <file>', 'a file with the API key, that only you can read')
    .option('--api-key-stdin', 'read the API key from standard input and keep it')
    .option('--default-project <name>', 'the project where -p gives none')
    .option('--ca-file <file>', "PEM of the authority that signed the server's certificate")
    .action((name: string, options: SetContextOptions) => setContext(context, name, options));
  config
    .command('use-context <name>')
    .description('make it the current one')
    .action((name: string) => {
      change(context, (contexts) => ({ ...contexts, current: known(context, contexts, name) }));
      context.out(`the current context is ${name}`);
    });
  config
    .command('delete-context <name>')
    .description('forget it, with a key that was kept for it')
    .action((name: string) => deleteContext(context, name));
  config
    .command('current-context')
    .description('its name, and what commands would use')
    .action(() => {
      const { server, project, context: name } = readSettings(context.globals(), context.env);
      context.out(name ?? '(none)');
      context.err(`server ${server}, project ${project}`);
    });
}

function getContexts({ env, out, err }: CommandContext, headers: boolean, output?: string): void {
  const { current, contexts } = readContexts(configPath(env));
  const entries = Object.entries(contexts);
  if (entries.length === 0) return err('no contexts: plinth config set-context NAME --url URL');
  if (output === 'name') return out(entries.map(([name]) => name).join('\n'));
  const rows = entries.map(([name, one]) => [
    ...[name === current ? '*' : '', name, one.server],
    ...[one.project ?? 'defaultproject', one.keyFile ?? ''],
  ]);
  const head = headers ? [['CURRENT', 'NAME', 'SERVER', 'PROJECT', 'KEY FILE']] : [];
  out(table([...head, ...rows]).join('\n'));
}

function setContext(
  { env, out, stdin }: CommandContext,
  name: string,
  options: SetContextOptions,
): void {
  const { url, apiKeyFile, apiKeyStdin = false, defaultProject, caFile } = options;
  if (apiKeyFile !== undefined && apiKeyStdin) {
    throw new CliError('give --api-key-file or --api-key-stdin, not both', ExitCode.Usage);
  }
  const path = configPath(env);
  const contexts = readContexts(path);
  const before = Object.hasOwn(contexts.contexts, name) ? contexts.contexts[name] : undefined;
  const server = url === undefined ? before?.server : serverUrl(url);
  if (server === undefined) {
    throw new CliError(`a new context needs --url`, ExitCode.Usage);
  }
  // A key was kept for the server that it is for.
  const moved = before !== undefined && before.server !== server;
  const keyFile = apiKeyFile ?? (apiKeyStdin ? keptKeyPath(path, name) : undefined);
  if (apiKeyFile !== undefined) readKeyFile(apiKeyFile);
  if (apiKeyStdin) keepKey(keptKeyPath(path, name), stdin());
  const { keyFile: keptKey, ...rest } = before ?? { server };
  const next: Context = {
    ...rest,
    ...(keptKey === undefined || moved ? {} : { keyFile: keptKey }),
    server,
    ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }),
    ...(defaultProject === undefined ? {} : { project: defaultProject }),
    ...(caFile === undefined ? {} : { caFile: resolve(caFile) }),
  };
  const current = contexts.current ?? name;
  writeContexts(path, { current, contexts: { ...contexts.contexts, [name]: next } });
  out(`context ${name} is ${next.server}${current === name ? ', and the current one' : ''}`);
  if (next.keyFile === undefined) {
    out('it has no API key yet: --api-key-file FILE, or --api-key-stdin');
  }
}

function keepKey(path: string, text: string): void {
  const key = text.trim();
  if (key === '') throw new CliError('standard input holds no API key', ExitCode.Usage);
  writePrivately(path, `${key}\n`);
}

function deleteContext(context: CommandContext, name: string): void {
  change(context, (contexts) => {
    known(context, contexts, name);
    const { current, contexts: all } = contexts;
    const rest = Object.entries(all).filter(([one]) => one !== name);
    return {
      contexts: Object.fromEntries(rest),
      ...(current === undefined || current === name ? {} : { current }),
    };
  });
  const kept = keptKeyPath(configPath(context.env), name);
  if (existsSync(kept)) rmSync(kept);
  context.out(`context ${name} is gone`);
}

function change({ env }: CommandContext, to: (contexts: Contexts) => Contexts): void {
  const path = configPath(env);
  writeContexts(path, to(readContexts(path)));
}

/** @throws CliError Config */
function known({ env }: CommandContext, { contexts }: Contexts, name: string): string {
  if (Object.hasOwn(contexts, name)) return name;
  const names = Object.keys(contexts).join(', ') || 'none';
  throw new CliError(
    `${configPath(env)} has no context ${name}; there are: ${names}`,
    ExitCode.Config,
  );
}
