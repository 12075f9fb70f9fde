import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { AppError, ErrorCode } from '../core/errors.js';
import { clearPidFile, STOP_TIMEOUT_MS, writePidFile } from './pidFile.js';

const LEASH = fileURLToPath(new URL('./leash.py', import.meta.url));
/** A busy computer needs 10 s for what takes an idle one 2 s. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export interface ServerProcessOptions {
  /** Names the pid and log files, and the server in errors. */
  name: string;
  dataDir: string;
  command: readonly [string, ...string[]];
  /** Resolves when the server serves; called again and again until then. */
  ready: () => Promise<void>;
}

export interface ServerProcess {
  pid: number;
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>;
  /** SIGTERM, then SIGKILL. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs a server as a process of its own that serves one data directory and ends with us, however we end.
 * What a killed run left alive on the same directory is stopped first.
 * @throws AppError Conflict when a living owner serves the directory; Internal with the end of the log when
 * it does not start.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const pidPath = join(options.dataDir, `${options.name}.pid`);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  await clearPidFile(pidPath, `${options.name} already serves ${options.dataDir}`);
  const child = await launch(options);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await writePidFile(pidPath, child.pid ?? 0);
    await untilReady(child, options);
  } catch (error) {
    await end(child);
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      await end(child);
      await rm(pidPath, { force: true });
    },
  };
}

async function launch({ name, dataDir, command }: ServerProcessOptions): Promise<ChildProcess> {
  const log = await open(join(dataDir, `${name}.log`), 'a', 0o600);
  try {
    // A process group of its own: Ctrl-C reaches us, and we stop the servers in the right order.
    const child = spawn('python3', [LEASH, ...command], {
      cwd: dataDir,
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // An unreferenced child and pipe let the process end that forgot to stop it; the leash then does.
    child.unref();
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    child.stdin?.on('error', () => undefined);
    return child;
  } catch (cause) {
    throw new AppError(ErrorCode.Internal, `cannot start ${name}: python3 does not run`, { cause });
  } finally {
    await log.close();
  }
}

async function untilReady(child: ChildProcess, options: ServerProcessOptions): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let cause: unknown;
  while (Date.now() < deadline) {
    if (hasEnded(child)) break;
    try {
      await options.ready();
      if (!hasEnded(child)) return;
    } catch (error) {
      cause = error;
      await delay(POLL_MS);
    }
  }
  const path = join(options.dataDir, `${options.name}.log`);
  const log = await readFile(path, 'utf8').catch(() => '');
  const what = hasEnded(child) ? 'ended at once' : 'did not answer in 60 s';
  throw new AppError(
    ErrorCode.Internal,
    `${options.name} ${what}; the end of ${path}:\n${log.trim().split('\n').slice(-8).join('\n')}`,
    { cause },
  );
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
