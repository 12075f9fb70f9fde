import type { ClusterSpec, SshSpec } from './cluster.js';

/** The uploaded credentials that a spec names: for its machines and for its bastions. */
export function credentialNames({ cloudCredentials, config }: ClusterSpec): string[] {
  const names = [cloudCredentials, ...logins(config).map((ssh) => ssh.bastion?.cloudCredentials)];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The key paths that a spec names: an absolute one may stand for a credential that was uploaded for it. */
export function keyPaths({ config }: ClusterSpec): string[] {
  const paths = logins(config).map((ssh) => ssh.privateKeyPath);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

function logins(config: ClusterSpec['config']): SshSpec[] {
  return [config.ssh, ...config.nodes.map((node) => node.ssh)].filter((ssh) => ssh !== undefined);
}
