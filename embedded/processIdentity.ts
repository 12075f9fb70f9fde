import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process beyond doubt: pids are given out again, start times with them are not. */
export interface ProcessIdentity {
  pid: number;
  /** As the kernel tells it; only good for comparing. */
  started: string;
}

/** Undefined when no such process runs: a zombie does not, once its last thread has let go of files and ports. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const started = process.platform === 'linux' ? await linuxStart(pid) : await psStart(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether this very process, not another one with its pid, still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

async function linuxStart(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The command name in parentheses may hold anything: count from the last one. proc(5): 3 state,
    // 20 num_threads, 22 starttime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const dead = fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1);
    return dead ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function psStart(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
