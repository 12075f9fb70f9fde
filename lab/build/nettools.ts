import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostEnv } from '../host.js';
import type { LabPaths } from '../paths.js';
import { run } from '../run.js';

export const NETTOOLS_SCRIPT = fileURLToPath(new URL('../images/nettools.sh', import.meta.url));

/**
 * Lays out the programs that kube-proxy and calico-node call, from the base and the bundle's packages,
 * unless the cache has them.
 *
 * @param inputs a hash of what it is made from
 * @returns the folder that is the layer.
 */
export async function layOutNettools(
  paths: LabPaths,
  packages: string,
  inputs: string,
): Promise<string> {
  const out = join(paths.cache, `nettools-${inputs.slice(0, 16)}`);
  if (existsSync(out)) return out;
  const stage = join(paths.cache, 'stage');
  const root = join(stage, 'root');
  const unfinished = join(stage, 'nettools');
  await run('rm', ['-rf', '--one-file-system', stage]);
  mkdirSync(stage, { recursive: true });
  await run('cp', ['-a', '--reflink=auto', paths.base, root]);
  // As dpkg does it: /bin and /lib stay the links that they are.
  const unpack =
    'for deb in "$1"/*.deb; do dpkg --fsys-tarfile "$deb" | tar -xp --keep-directory-symlink -C "$2"; done';
  await run('bash', ['--norc', '-euo', 'pipefail', '-c', unpack, 'bash', packages, root], {
    env: hostEnv(),
  });
  await run('bash', [NETTOOLS_SCRIPT, root, unfinished], { env: hostEnv() });
  renameSync(unfinished, out);
  await run('rm', ['-rf', '--one-file-system', stage]);
  return out;
}
