import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineAddress } from './addresses.js';
import { processesIn } from './cgroups.js';
import { machineDir } from './disk.js';
import { labPaths } from './paths.js';
import { run, tryRun } from './run.js';

/**
 * Pulls a machine's cable: packets are lost in both directions and connections hang. It stays pulled
 * over a reboot, until `restoreNetwork`.
 */
export async function cutNetwork(name: string, paths = labPaths()): Promise<void> {
  writeFileSync(join(machineDir(paths, name), 'network-cut'), '');
  await run('ip', ['link', 'set', machineAddress(name).veth, 'down']);
}

/** Plugs a machine's cable back in. */
export async function restoreNetwork(name: string, paths = labPaths()): Promise<void> {
  rmSync(join(machineDir(paths, name), 'network-cut'), { force: true });
  await run('ip', ['link', 'set', machineAddress(name).veth, 'up']);
}

/**
 * Kills the sshd processes that serve a machine's open connections: the peers see them end at once,
 * what was started detached goes on, and new connections are accepted.
 *
 * @returns how many processes were killed.
 */
export function resetConnections(name: string): number {
  let killed = 0;
  for (const pid of processesIn(machineAddress(name).cgroup)) {
    if (!isConnection(pid)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // Ended with its parent.
    }
  }
  return killed;
}

/** Removes a machine's network, or what a killed run left of it. */
export async function removeNetwork(name: string): Promise<void> {
  const { veth, netns } = machineAddress(name);
  await tryRun('ip', ['link', 'del', veth]);
  await tryRun('ip', ['netns', 'del', netns]);
}

/** The machines that have a network namespace or a cable on this host. */
export async function machinesWithNetwork(): Promise<string[]> {
  const namespaces = await run('ip', ['netns', 'list']);
  const links = await run('ip', ['-o', 'link', 'show']);
  const found = [
    ...namespaces.matchAll(/^plinth-(m\d+)\b/gm),
    ...links.matchAll(/ plv-(m\d+)[@:]/g),
  ];
  return [...new Set(found.map((match) => match[1] ?? ''))];
}

/** sshd names the processes of a connection after its user; the listener is `sshd: /usr/sbin/sshd -D`. */
function isConnection(pid: number): boolean {
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return title.startsWith('sshd: ') && !title.startsWith('sshd: /');
  } catch {
    return false;
  }
}
