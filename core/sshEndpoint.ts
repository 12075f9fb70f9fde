import type { BastionSpec, NodeSpec, SshSpec } from './cluster.js';

/**
 * The SSH address of a node's machine as one comparable text: two nodes with the same one are the same
 * machine. A private address alone does not name a machine: two sites may both have a 10.0.0.5, so behind
 * a bastion the bastion is part of it.
 */
export function sshEndpoint(
  config: { ssh?: SshSpec },
  node: Pick<NodeSpec, 'privateIP' | 'ssh'>,
): string {
  const ssh = { ...config.ssh, ...node.ssh };
  const machine = hostPort(ssh.ipAddress ?? node.privateIP, ssh.port);
  const via = ssh.bastion;
  return via === undefined ? machine : `${machine} via ${hostPort(via.ipAddress, via.port)}`;
}

/** Under which name a bastion's host key is pinned beside those of nodes: no hostname holds a colon. */
export function bastionPin({ ipAddress, port }: Pick<BastionSpec, 'ipAddress' | 'port'>): string {
  return `bastion:${hostPort(ipAddress, port)}`;
}

function hostPort(host: string, port = '22'): string {
  const name = host.toLowerCase();
  return `${name.includes(':') ? `[${name}]` : name}:${String(Number(port))}`;
}
