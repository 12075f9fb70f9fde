import { readFileSync } from 'node:fs';

interface ProcessStat {
  readonly parent: number;
  /** Clock ticks since boot: with the pid, a name no other process will ever have. */
  readonly startTime: string;
}

/** What the kernel says about a process; undefined when there is none. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return { parent: Number(fields[1]), startTime: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Whether `pid` is this process or one that it descends from. */
export function isSelfOrAncestor(pid: number): boolean {
  let at = process.pid;
  while (at > 1) {
    if (at === pid) return true;
    at = processStat(at)?.parent ?? 0;
  }
  return false;
}
