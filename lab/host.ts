import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BRIDGE, HOST_IP } from './addresses.js';
import { run, tryRun } from './run.js';

/** Debian package → a command that proves it is installed. */
const HOST_PACKAGES: Readonly<Record<string, string>> = {
  'systemd-container': 'systemd-nspawn',
  mmdebstrap: 'mmdebstrap',
  iproute2: 'ip',
  iptables: 'iptables-save',
  nftables: 'nft',
  ipset: 'ipset',
  'openssh-client': 'ssh-keygen',
  zstd: 'zstd',
};

const INOTIFY = '/proc/sys/fs/inotify/max_user_instances';
const INOTIFY_WANTED = 1024;
/** Outside PLINTH_LAB, and gone with a reboot, as is the setting itself. */
const INOTIFY_BEFORE = '/run/plinth-lab/max_user_instances';

/** Installs what the host lacks to run machines; does nothing when all is there. */
export async function ensureHostPackages(log: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const [name, command] of Object.entries(HOST_PACKAGES)) {
    const found = await tryRun('sh', ['-c', 'command -v "$0"', command], { env: hostEnv() });
    if (found.code !== 0) missing.push(name);
  }
  if (missing.length === 0) return;
  log(`installing on this host: ${missing.join(' ')}`);
  const env = { ...hostEnv(), DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env });
}

/** The environment with the folders of system commands, which not every login has in its PATH. */
export function hostEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
}

/** Makes the bridge, and the kernel's limits wide enough for several systemds and kubelets. */
export async function prepareHost(): Promise<void> {
  raiseInotify();
  if ((await tryRun('ip', ['link', 'show', BRIDGE])).code !== 0) {
    await run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  }
  // Without loop detection: a port forwards from the moment it is plugged in.
  await run('ip', [
    'link',
    'set',
    BRIDGE,
    'type',
    'bridge',
    'stp_state',
    '0',
    'forward_delay',
    '0',
  ]);
  const addresses = await run('ip', ['-o', 'addr', 'show', 'dev', BRIDGE]);
  if (!addresses.includes(`${HOST_IP}/24`)) {
    await run('ip', ['addr', 'add', `${HOST_IP}/24`, 'dev', BRIDGE]);
  }
  await run('ip', ['link', 'set', BRIDGE, 'up']);
  // Even on a host that routes for others, the machines get no further than here.
  writeFileSync(`/proc/sys/net/ipv4/conf/${BRIDGE}/forwarding`, '0');
}

/** Removes the bridge and gives the kernel's limit back. */
export async function restoreHost(): Promise<void> {
  await tryRun('ip', ['link', 'del', BRIDGE]);
  if (!existsSync(INOTIFY_BEFORE)) return;
  writeFileSync(INOTIFY, readFileSync(INOTIFY_BEFORE));
  rmSync(INOTIFY_BEFORE);
}

function raiseInotify(): void {
  const now = readFileSync(INOTIFY, 'utf8').trim();
  if (Number(now) >= INOTIFY_WANTED) return;
  mkdirSync(dirname(INOTIFY_BEFORE), { recursive: true });
  writeFileSync(INOTIFY_BEFORE, now);
  writeFileSync(INOTIFY, String(INOTIFY_WANTED));
}
