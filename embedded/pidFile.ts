import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError, ErrorCode } from '../core/errors.js';
import { identify, isRunning } from './processIdentity.js';
import type { ProcessIdentity } from './processIdentity.js';

/** Flushing to a slow disk; after it the data is safe anyway, by the servers' own logs. */
export const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

interface PidFile {
  process: ProcessIdentity;
  owner: ProcessIdentity;
}

/**
 * Makes way for a process of this name: one that a killed owner left is stopped.
 * @throws AppError Conflict when a living owner has it.
 */
export async function clearPidFile(path: string, what: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { process: left, owner } = parse(text);
  if (!left || !owner || !(await isRunning(left))) return;
  if (await isRunning(owner)) {
    throw new AppError(
      ErrorCode.Conflict,
      `${what} for process ${String(owner.pid)}: stop that one, or use another data directory`,
    );
  }
  await endProcess(left);
}

/** Whole or not at all. Does nothing when the process has ended already. */
export async function writePidFile(path: string, pid: number): Promise<void> {
  const [started, owner] = await Promise.all([identify(pid), identify(process.pid)]);
  if (!started || !owner) return;
  const content: PidFile = { process: started, owner };
  await writeFile(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** SIGTERM, and SIGKILL after 15 s. Resolves when that very process has ended. */
async function endProcess(identity: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  let signal: NodeJS.Signals | 0 = 'SIGTERM';
  while (await isRunning(identity)) {
    if (Date.now() > deadline) signal = 'SIGKILL';
    try {
      process.kill(identity.pid, signal);
    } catch {
      return;
    }
    if (signal === 'SIGTERM') signal = 0;
    await delay(POLL_MS);
  }
}

function parse(text: string): Partial<PidFile> {
  try {
    return JSON.parse(text) as Partial<PidFile>;
  } catch {
    return {};
  }
}
