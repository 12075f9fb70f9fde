import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run } from './run.js';

/** What Kubernetes and its networks ask modprobe for: option of the kernel's build → module. */
const MODULES: Readonly<Record<string, string>> = {
  OVERLAY_FS: 'kernel/fs/overlayfs/overlay.ko',
  BRIDGE: 'kernel/net/bridge/bridge.ko',
  BRIDGE_NETFILTER: 'kernel/net/bridge/br_netfilter.ko',
  IP_NF_IPTABLES: 'kernel/net/ipv4/netfilter/ip_tables.ko',
  IP6_NF_IPTABLES: 'kernel/net/ipv6/netfilter/ip6_tables.ko',
  NF_CONNTRACK: 'kernel/net/netfilter/nf_conntrack.ko',
  NF_TABLES: 'kernel/net/netfilter/nf_tables.ko',
  IP_SET: 'kernel/net/netfilter/ipset/ip_set.ko',
  IP_VS: 'kernel/net/netfilter/ipvs/ip_vs.ko',
  VXLAN: 'kernel/drivers/net/vxlan/vxlan.ko',
};

/**
 * A distribution's kernel comes with a list of what is built into it, so that modprobe succeeds for
 * those. A machine here sees the host's kernel without such a list: the lab writes what is true.
 */
export async function writeKernelModules(root: string): Promise<void> {
  const config = kernelConfig();
  const present = Object.entries(MODULES).filter(([option, path]) => {
    const name = path.replace(/.*\/(.*)\.ko$/, '$1');
    return config.includes(`CONFIG_${option}=y`) || existsSync(`/sys/module/${name}`);
  });
  const dir = join(root, 'lib/modules', release());
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'modules.builtin'), present.map(([, path]) => `${path}\n`).join(''));
  writeFileSync(join(dir, 'modules.order'), '');
  await run('chroot', [root, 'depmod', release()]);
}

function kernelConfig(): readonly string[] {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString().split('\n');
  } catch {
    const file = `/boot/config-${release()}`;
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  }
}
