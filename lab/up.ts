import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineAddress, MAX_MACHINES } from './addresses.js';
import { ensureBase } from './base.js';
import { claimHost } from './claim.js';
import { machineDir, wipeDisk } from './disk.js';
import { ensureHostPackages, prepareHost } from './host.js';
import { ensureLoginKey, hostKey } from './identity.js';
import type { Lab, LabMachine } from './labFile.js';
import { acquireLock } from './lock.js';
import { isOn, powerOff, powerOn } from './machine.js';
import { labPaths, type LabPaths } from './paths.js';

export interface UpOptions {
  readonly log?: (line: string) => void;
  /** Start from bare machines, whatever was on their disks. Default: they boot as they were left. */
  readonly bare?: boolean;
  /** Build the bundle, too, when it is missing. Default: true. */
  readonly bundle?: boolean;
  readonly paths?: LabPaths;
}

/**
 * Brings up machines m1 … m`count` in parallel, building first what is missing, and records them in
 * `lab.json`. Machines beyond `count` are switched off.
 *
 * @throws LabBusyError while another process is at work on the lab.
 */
export async function labUp(count: number, options: UpOptions = {}): Promise<Lab> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_MACHINES) {
    throw new RangeError(`how many machines? 1 … ${MAX_MACHINES}, not ${count}`);
  }
  const { log = () => undefined, paths = labPaths(), bare = false } = options;
  const release = acquireLock(`up ${count}`);
  try {
    await ensureHostPackages(log);
    claimHost(paths);
    await ensureLoginKey(paths);
    await ensureBase(paths, log);
    if (options.bundle !== false) {
      const { buildBundle } = await import('./build/bundle.js');
      await buildBundle({ paths, log });
    }
    await prepareHost();
    const names = Array.from({ length: count }, (_, index) => `m${index + 1}`);
    await Promise.all(extraMachines(paths, names).map((name) => powerOff(name, paths)));
    await Promise.all(names.map((name) => start(name, { paths, bare, log })));
    return await writeLabFile(paths, names);
  } finally {
    release();
  }
}

async function start(
  name: string,
  { paths, bare, log }: { paths: LabPaths; bare: boolean; log: (line: string) => void },
): Promise<void> {
  const started = Date.now();
  mkdirSync(machineDir(paths, name), { recursive: true });
  if (bare || !isOn(name)) await powerOff(name, paths);
  if (bare) await wipeDisk(paths, name);
  await powerOn(name, paths);
  log(`${name} ${machineAddress(name).ip} is up (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

function extraMachines(paths: LabPaths, wanted: readonly string[]): string[] {
  if (!existsSync(paths.machines)) return [];
  return readdirSync(paths.machines).filter((name) => !wanted.includes(name));
}

async function writeLabFile(paths: LabPaths, names: readonly string[]): Promise<Lab> {
  const machines: LabMachine[] = [];
  for (const name of names) {
    const keys = await hostKey(join(machineDir(paths, name), 'identity'));
    machines.push({ name, ip: machineAddress(name).ip, user: 'ops', ...keys });
  }
  const lab: Lab = { machines, privateKeyPath: paths.privateKey, bundle: paths.bundle };
  writeFileSync(paths.labFile, `${JSON.stringify(lab, null, 2)}\n`);
  return lab;
}
