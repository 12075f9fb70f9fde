import { accessSync, constants, existsSync } from 'node:fs';

/** Why the lab cannot run on this computer, in words; undefined when it can. */
export function labAvailable(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.arch !== 'x64') return 'its binaries are built for amd64';
  if (process.getuid?.() !== 0) return 'it needs root';
  if (!existsSync('/usr/bin/apt-get')) return 'it needs apt-get (Debian or Ubuntu)';
  if (!existsSync('/sys/fs/cgroup')) return 'it needs cgroups';
  try {
    accessSync('/sys/fs/cgroup', constants.W_OK);
    accessSync('/proc/sys/net/ipv4/ip_forward', constants.W_OK);
  } catch {
    return 'it needs to make cgroups and network namespaces (a privileged host)';
  }
  return undefined;
}
