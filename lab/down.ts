import { existsSync, readdirSync, rmSync } from 'node:fs';
import { claimHost, unclaimHost } from './claim.js';
import { machinesWithCgroups } from './cgroups.js';
import { restoreHost } from './host.js';
import { acquireLock } from './lock.js';
import { powerOff, shutDown } from './machine.js';
import { machinesWithNetwork } from './network.js';
import { labPaths, type LabPaths } from './paths.js';
import { run } from './run.js';

export interface DownOptions {
  /** Also delete the machines' disks and identities. The build cache and the bundle always stay. */
  readonly purge?: boolean;
  readonly log?: (line: string) => void;
  readonly paths?: LabPaths;
}

/**
 * Switches every machine off and removes all that the lab made on the host: processes, cgroups,
 * mounts, namespaces, cables, bridge; also what a killed run left of them.
 *
 * @throws LabBusyError while another process is at work on the lab.
 */
export async function labDown(options: DownOptions = {}): Promise<void> {
  const { purge = false, log = () => undefined, paths = labPaths() } = options;
  const release = acquireLock('down');
  try {
    claimHost(paths);
    const names = await leftMachines(paths);
    // Nobody will see a purged disk again: no reason to wait for an orderly end.
    const stop = purge ? powerOff : shutDown;
    await Promise.all(names.map((name) => stop(name, paths)));
    await restoreHost();
    rmSync(paths.labFile, { force: true });
    if (purge) await run('rm', ['-rf', '--one-file-system', paths.machines]);
    unclaimHost();
    log(names.length === 0 ? 'nothing was up' : `${names.join(' ')} down`);
  } finally {
    release();
  }
}

async function leftMachines(paths: LabPaths): Promise<string[]> {
  const onDisk = existsSync(paths.machines) ? readdirSync(paths.machines) : [];
  return [...new Set([...onDisk, ...machinesWithCgroups(), ...(await machinesWithNetwork())])];
}
