import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { MachineAddress } from './addresses.js';
import { writeKernelModules } from './kernelModules.js';
import type { LabPaths } from './paths.js';
import { run } from './run.js';

const HOST_KEYS = ['ed25519', 'ecdsa'] as const;

/** Makes the lab's own login key, once. */
export async function ensureLoginKey(paths: LabPaths): Promise<void> {
  mkdirSync(paths.root, { recursive: true });
  if (existsSync(paths.privateKey)) return;
  await run('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'plinth-lab',
    '-f',
    paths.privateKey,
  ]);
}

/** Makes what tells a machine from every other, once: machine id and host keys. */
export async function ensureIdentity(dir: string, name: string): Promise<void> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const machineId = join(dir, 'machine-id');
  if (!existsSync(machineId)) writeFileSync(machineId, `${randomUUID().replaceAll('-', '')}\n`);
  for (const type of HOST_KEYS) {
    const key = join(dir, `ssh_host_${type}_key`);
    if (existsSync(`${key}.pub`)) continue;
    await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', `root@${name}`, '-f', key]);
  }
}

interface IdentityTarget {
  readonly identity: string;
  readonly root: string;
  readonly paths: LabPaths;
  readonly address: MachineAddress;
}

/** Writes a machine's identity and the lab's login key to its freshly mounted root. */
export async function writeIdentity(target: IdentityTarget): Promise<void> {
  const { identity, root, paths, address } = target;
  copyFileSync(join(identity, 'machine-id'), join(root, 'etc/machine-id'));
  writeFileSync(join(root, 'etc/hostname'), `${address.name}\n`);
  const hosts = `127.0.0.1\tlocalhost\n${address.ip}\t${address.name}\n::1\tlocalhost ip6-localhost ip6-loopback\n`;
  writeFileSync(join(root, 'etc/hosts'), hosts);
  for (const type of HOST_KEYS) {
    const file = `ssh_host_${type}_key`;
    for (const [suffix, mode] of [
      ['', 0o600],
      ['.pub', 0o644],
    ] as const) {
      copyFileSync(join(identity, file + suffix), join(root, 'etc/ssh', file + suffix));
      chmodSync(join(root, 'etc/ssh', file + suffix), mode);
    }
  }
  const publicKey = readFileSync(`${paths.privateKey}.pub`);
  for (const home of ['root', 'home/ops']) {
    writeFileSync(join(root, home, '.ssh/authorized_keys'), publicKey, { mode: 0o600 });
  }
  await run('chroot', [root, 'chown', 'ops:ops', '/home/ops/.ssh/authorized_keys']);
  await writeKernelModules(root);
}

/** A machine's ed25519 host key as `known_hosts` words it, and its fingerprint. */
export async function hostKey(identity: string): Promise<{ hostKey: string; fingerprint: string }> {
  const file = join(identity, 'ssh_host_ed25519_key.pub');
  const [type = '', key = ''] = readFileSync(file, 'utf8').trim().split(' ');
  const listed = await run('ssh-keygen', ['-l', '-E', 'sha256', '-f', file]);
  return { hostKey: `${type} ${key}`, fingerprint: listed.split(' ')[1] ?? '' };
}
