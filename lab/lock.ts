import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSelfOrAncestor, processStat } from './processes.js';

/** The bridge and its addresses exist once per host, so the lock does too, whatever PLINTH_LAB is. */
export const LOCK_PATH = '/run/plinth-lab/lock';

interface LockOwner {
  readonly pid: number;
  readonly startTime: string;
  readonly purpose: string;
}

/** Somebody else is at work on the lab. */
export class LabBusyError extends Error {
  constructor(readonly owner: LockOwner) {
    super(`the lab is in use by process ${owner.pid} (${owner.purpose}): wait for it or end it`);
    this.name = 'LabBusyError';
  }
}

/**
 * Takes the lab's lock, from a dead owner too. A process whose ancestor holds it gets it at once, so
 * that a test which holds the lab can start `npm run lab`.
 *
 * @returns gives the lock back.
 * @throws LabBusyError while another living process holds it.
 */
export function acquireLock(purpose: string, path = LOCK_PATH): () => void {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    if (create(path, purpose)) return () => release(path);
    const owner = readOwner(path);
    if (owner !== undefined && isAlive(owner)) {
      if (isSelfOrAncestor(owner.pid)) return () => undefined;
      throw new LabBusyError(owner);
    }
    removeStale(path, owner);
  }
}

/** Who holds the lock now, if anybody living does. */
export function lockOwner(path = LOCK_PATH): LockOwner | undefined {
  const owner = readOwner(path);
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

function create(path: string, purpose: string): boolean {
  const startTime = processStat(process.pid)?.startTime ?? '';
  const owner: LockOwner = { pid: process.pid, startTime, purpose };
  // Written aside and linked into place: nobody ever reads a half-written lock.
  const draft = `${path}.${process.pid}`;
  const fd = openSync(draft, 'w', 0o644);
  writeSync(fd, JSON.stringify(owner));
  closeSync(fd);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function release(path: string): void {
  if (readOwner(path)?.pid === process.pid) rmSync(path, { force: true });
}

function readOwner(path: string): LockOwner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LockOwner;
  } catch {
    return undefined;
  }
}

function isAlive(owner: LockOwner): boolean {
  return processStat(owner.pid)?.startTime === owner.startTime;
}

/** Of two that find the same stale lock, one moves it away; the other must not lose the new one. */
function removeStale(path: string, stale: LockOwner | undefined): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readOwner(aside);
  if (moved !== undefined && (moved.pid !== stale?.pid || moved.startTime !== stale.startTime)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has made its own lock meanwhile.
    }
  }
  rmSync(aside, { force: true });
}
