import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CGROUPS = '/sys/fs/cgroup';
/** The machines' cgroups lie below the one of whoever started them, which is never deep. */
const SEARCH_DEPTH = 6;
const MACHINE_CGROUP = /^plinth-lab-(m\d+)$/;

/** The machines that have cgroups on this host, whoever made them. */
export function machinesWithCgroups(): string[] {
  const names = findDirs(MACHINE_CGROUP).map(
    (dir) => MACHINE_CGROUP.exec(dir.split('/').at(-1) ?? '')?.[1],
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Every directory a machine's cgroup has, one per hierarchy. */
export function cgroupDirs(cgroup: string): string[] {
  return findDirs(new RegExp(`^${cgroup}$`));
}

/** The processes in a machine's cgroup and in all below it, over every hierarchy. */
export function processesIn(cgroup: string): number[] {
  const pids = new Set<number>();
  for (const dir of cgroupDirs(cgroup)) collectPids(dir, pids);
  return [...pids];
}

/**
 * Kills what runs in a machine's cgroup, at once, like a power cut.
 *
 * @throws Error when something is still there after ten seconds.
 */
export async function killCgroup(cgroup: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const pids = processesIn(cgroup);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${cgroup}: processes ${pids.join(' ')} do not end`);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
    await sleep(20);
  }
}

/** Removes a machine's cgroups; processes that are just ending may hold them for a moment. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const left = cgroupDirs(cgroup).filter((dir) => !removeTree(dir));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`cannot remove cgroups: ${left.join(' ')}`);
    await sleep(50);
  }
}

function removeTree(dir: string): boolean {
  for (const child of subdirs(dir)) removeTree(join(dir, child));
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function collectPids(dir: string, pids: Set<number>): void {
  try {
    const text = readFileSync(join(dir, 'cgroup.procs'), 'utf8');
    for (const line of text.split('\n')) if (line !== '' && line !== '0') pids.add(Number(line));
  } catch {
    return;
  }
  for (const child of subdirs(dir)) collectPids(join(dir, child), pids);
}

function findDirs(pattern: RegExp, at = CGROUPS, depth = 0): string[] {
  if (depth > SEARCH_DEPTH) return [];
  return subdirs(at).flatMap((name) => {
    const dir = join(at, name);
    return pattern.test(name)
      ? [dir]
      : MACHINE_CGROUP.test(name)
        ? []
        : findDirs(pattern, dir, depth + 1);
  });
}

function subdirs(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
