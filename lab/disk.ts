import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineAddress } from './addresses.js';
import { ensureIdentity, writeIdentity } from './identity.js';
import type { LabPaths } from './paths.js';
import { run, tryRun } from './run.js';

/**
 * Directories of a machine that are real ones on the host's disk: overlayfs cannot lie on overlayfs
 * (containerd), the kubelet measures its disk, etcd syncs to it, and artifacts are large.
 */
export const REAL_DIRECTORIES: readonly { readonly inside: string; readonly on: string }[] = [
  { inside: '/var/lib/containerd', on: 'containerd' },
  { inside: '/var/lib/kubelet', on: 'kubelet' },
  { inside: '/var/lib/etcd', on: 'etcd' },
  { inside: '/var/lib/plinth', on: 'plinth' },
  { inside: '/var/log/pods', on: 'pods' },
];

/** The directory of one machine on the host. */
export function machineDir(paths: LabPaths, name: string): string {
  return join(paths.machines, name);
}

/** Mounts a machine's root; on a new or wiped disk writes its identity first. */
export async function mountDisk(paths: LabPaths, name: string): Promise<void> {
  const dir = machineDir(paths, name);
  const root = join(dir, 'root');
  for (const part of ['upper', 'work', 'root']) mkdirSync(join(dir, part), { recursive: true });
  for (const { on } of REAL_DIRECTORIES) mkdirSync(join(dir, 'disk', on), { recursive: true });
  const binds = REAL_DIRECTORIES.map(({ inside, on }) => `${join(dir, 'disk', on)}:${inside}\n`);
  writeFileSync(join(dir, 'binds'), binds.join(''));
  if (!(await isMounted(root))) {
    const layers = `lowerdir=${paths.base},upperdir=${join(dir, 'upper')},workdir=${join(dir, 'work')}`;
    await run('mount', ['-t', 'overlay', 'overlay', '-o', layers, root]);
  }
  const written = join(dir, 'identity-written');
  if (existsSync(written)) return;
  const identity = join(dir, 'identity');
  await ensureIdentity(identity, name);
  await writeIdentity({ identity, root, paths, address: machineAddress(name) });
  writeFileSync(written, '');
}

/** Unmounts a machine's root, waiting for the last process in it to let go. */
export async function unmountDisk(paths: LabPaths, name: string): Promise<void> {
  const root = join(machineDir(paths, name), 'root');
  const deadline = Date.now() + 5_000;
  while (await isMounted(root)) {
    const { code, stderr } = await tryRun('umount', [root]);
    if (code === 0) continue;
    if (Date.now() > deadline) throw new Error(`cannot unmount ${root}: ${stderr.trim()}`);
    await sleep(50);
  }
}

/** Empties an unmounted machine's disk; host keys and machine id stay, as after a reinstallation. */
export async function wipeDisk(paths: LabPaths, name: string): Promise<void> {
  const dir = machineDir(paths, name);
  rmSync(join(dir, 'identity-written'), { force: true });
  rmSync(join(dir, 'network-cut'), { force: true });
  const parts = ['upper', 'work', 'disk'].map((part) => join(dir, part));
  await run('rm', ['-rf', '--one-file-system', ...parts]);
}

async function isMounted(path: string): Promise<boolean> {
  return (await tryRun('mountpoint', ['-q', path])).code === 0;
}
