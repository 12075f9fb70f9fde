import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';

/** One server that a person works with. */
export interface Context {
  /** `https://plinth.example.com`, without a slash at the end. */
  server: string;
  project?: string;
  /** Absolute path of a file with the API key. */
  keyFile?: string;
  /** Absolute path of a PEM file: the authority that signed the server's certificate. */
  caFile?: string;
}

export interface Contexts {
  current?: string;
  contexts: Record<string, Context>;
}

/** PLINTH_CONFIG, else `config.json` in `plinth/` of XDG_CONFIG_HOME (`~/.config`). */
export function configPath(env: NodeJS.ProcessEnv): string {
  if (env['PLINTH_CONFIG']) return env['PLINTH_CONFIG'];
  const home = env['HOME'] ?? homedir();
  return join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'plinth', 'config.json');
}

/** @throws CliError Config when the file is there and cannot be used. */
export function readContexts(path: string): Contexts {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR'].includes(code)) return { contexts: {} };
    throw new CliError(`${path} cannot be read: ${String(error)}`, ExitCode.Config);
  }
  try {
    const { current, contexts } = JSON.parse(text) as Partial<Contexts>;
    if (!isMapOfServers(contexts)) throw new Error('"contexts" must be a map of {"server": …}');
    return { contexts, ...(current === undefined ? {} : { current }) };
  } catch (error) {
    throw new CliError(`${path}: ${messageOf(error)}`, ExitCode.Config);
  }
}

function isMapOfServers(contexts: unknown): contexts is Contexts['contexts'] {
  if (contexts === null || typeof contexts !== 'object') return false;
  return Object.values(contexts).every(
    (one) => typeof (one as Partial<Context> | null)?.server === 'string',
  );
}

export function writeContexts(path: string, contexts: Contexts): void {
  writePrivately(path, `${JSON.stringify(contexts, null, 2)}\n`);
}

/** Where a key that was given on standard input is kept. */
export function keptKeyPath(path: string, name: string): string {
  return join(dirname(path), 'keys', encodeURIComponent(name));
}

/** Whole or not at all, and readable by its owner only. @throws CliError CannotWrite */
export function writePrivately(path: string, text: string): void {
  const draft = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    makeFolder(resolve(dirname(path)));
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    if (existsSync(draft)) rmSync(draft);
    throw new CliError(`${path} cannot be written: ${messageOf(error)}`, ExitCode.CannotWrite);
  }
}

/**
 * With the folders above it, each for its owner only. Node's own `recursive` never returns where the folder is gone in
 * which a relative path begins, or where a folder that is there answers ENOENT, as /proc does.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * The key in a file that nobody else can read.
 * @throws CliError Denied when it cannot be read, Config when others can.
 */
export function readKeyFile(path: string): string {
  let key: string;
  let mode: number;
  try {
    const found = statSync(path);
    // What a shell gives for <(…) is no file: nobody else has it open.
    mode = found.isFile() ? found.mode : 0;
    key = readFileSync(path, 'utf8').trim();
  } catch {
    throw new CliError(
      `no API key: ${path} cannot be read; set PLINTH_API_KEY, --key-file, or a context (plinth config set-context)`,
      ExitCode.Denied,
    );
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new CliError(`${path} can be read by others: chmod 600 ${path}`, ExitCode.Config);
  }
  if (key === '')
    throw new CliError(`${path} is empty: it should hold an API key`, ExitCode.Denied);
  return key;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
