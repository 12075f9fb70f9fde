import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupDirs } from './cgroups.js';
import { machineAddress } from './addresses.js';
import { labPaths, type LabPaths } from './paths.js';
import { tryRun, type CommandResult } from './run.js';

export interface ExecOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly paths?: LabPaths;
}

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Joins the machine's cgroups before its namespaces, so that a power cut ends this command too. */
const ENTER =
  'for d in $CGROUPS; do echo $$ > $d/cgroup.procs; done 2>/dev/null; unset CGROUPS; exec "$@"';

/**
 * Runs a shell command as root on a machine, past its network and its sshd.
 *
 * @throws Error when the machine is off.
 */
export async function execOn(
  name: string,
  command: string,
  options: ExecOptions = {},
): Promise<CommandResult> {
  const pid = initPid(name, options.paths ?? labPaths());
  if (pid === undefined) throw new Error(`${name} is off`);
  const enter = ['nsenter', '-t', String(pid), '-m', '-u', '-i', '-n', '-p', '-C'];
  const inside = ['/bin/bash', '-c', command];
  return tryRun('/bin/sh', ['-c', ENTER, 'sh', ...enter, '--', ...inside], {
    env: { ...ENVIRONMENT, CGROUPS: cgroupDirs(machineAddress(name).cgroup).join(' ') },
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
}

/** The host's pid of a machine's init: the child of nspawn that is number 1 one namespace deeper. */
export function initPid(name: string, paths: LabPaths = labPaths()): number | undefined {
  try {
    const file = join(paths.machines, machineAddress(name).name, 'nspawn.pid');
    const nspawn = readFileSync(file, 'utf8').trim();
    const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim();
    return children
      .split(' ')
      .map(Number)
      .find((pid) => /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  } catch {
    return undefined;
  }
}
