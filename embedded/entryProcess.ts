import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, ErrorCode } from '../core/errors.js';
import { compiledRooms } from './compile.js';
import { clearPidFile, STOP_TIMEOUT_MS, writePidFile } from './pidFile.js';
import type { ServerProcess } from './serverProcess.js';

/** Room for new objects: V8 lets it grow to 16 MB three times over, for nothing that we do. */
const NODE_OPTIONS = ['--max-semi-space-size=2'];
/** The worker bundles its workflows at the first start: seconds on an idle computer. */
const READY_TIMEOUT_MS = 180_000;
/** A log that is larger at a start is set aside as NAME.log.1. */
const LOG_LIMIT_BYTES = 20 * 1024 * 1024;

export interface EntryOptions {
  /** Names the pid and log files in `dataDir`. */
  name: string;
  /** From the root of the compiled rooms, e.g. `api/main.js`. */
  script: string;
  dataDir: string;
  env: NodeJS.ProcessEnv;
}

/** An entry point could not start, and told by its exit code that trying again is of no use. */
export class EntryError extends Error {
  constructor(
    message: string,
    readonly exitCode: number | null,
  ) {
    super(message);
    this.name = 'EntryError';
  }
}

/**
 * Runs an entry point as a process of its own, ready when this resolves (it sends `ready`). It ends when we do.
 * @throws EntryError with the end of its log when it does not get ready; AppError Conflict when a living process
 * runs it on the same data directory.
 */
export async function startEntry(options: EntryOptions): Promise<ServerProcess> {
  const { name, dataDir } = options;
  const pidPath = join(dataDir, `${name}.pid`);
  const logPath = join(dataDir, `${name}.log`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await clearPidFile(pidPath, `${name} already runs on ${dataDir}`);
  await setLargeLogAside(logPath);
  const child = await launch(options, logPath);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await writePidFile(pidPath, child.pid ?? 0);
    await untilReady(child);
  } catch (error) {
    await end(child, ended);
    const reason = error instanceof Error ? error.message : String(error);
    throw new EntryError(
      `${name} ${reason}; the end of ${logPath}:\n${await tail(logPath)}`,
      child.exitCode,
    );
  }
  return {
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      await end(child, ended);
      await rm(pidPath, { force: true });
    },
  };
}

async function launch({ script, env }: EntryOptions, logPath: string): Promise<ChildProcess> {
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = fork(join(await compiledRooms(), script), {
      // One heap of the C library for each thread would be many, hardly used.
      env: { MALLOC_ARENA_MAX: '2', ...env },
      execArgv: NODE_OPTIONS,
      // A process group of its own: Ctrl-C reaches us, and we stop them in order.
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return child;
  } catch (cause) {
    throw new AppError(ErrorCode.Internal, `cannot start ${script}`, { cause });
  } finally {
    await log.close();
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`was not ready after ${READY_TIMEOUT_MS / 1000} s`)),
      READY_TIMEOUT_MS,
    );
    child.on('message', (message) => {
      if (message !== 'ready') return;
      clearTimeout(late);
      resolve();
    });
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      reject(new Error(`ended (${signal ?? `exit code ${String(code)}`})`));
    });
  });
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

async function setLargeLogAside(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && found.size > LOG_LIMIT_BYTES) await rename(path, `${path}.1`);
}

async function tail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-12).join('\n');
}
