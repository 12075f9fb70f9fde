import type { Cluster, NodeSpec, SshSpec } from './cluster.js';

/** Fields of this name are never answered, logged or quoted, whatever document they are in. */
export const WRITE_ONLY_FIELDS = [
  'passphrase',
  'privateKey',
  'proxyAuth',
  'signingSecret',
] as const;

export function isWriteOnly(field: unknown): boolean {
  return WRITE_ONLY_FIELDS.some((name) => name === field);
}

/**
 * The write-only values of a spec, by name. A node's is named by its hostname, because the order of nodes
 * says nothing: `spec.config.nodes["w1"].ssh.passphrase`.
 */
export type SpecSecrets = Readonly<Record<string, string>>;

export const PROXY_AUTH_SECRET = 'spec.proxy.proxyAuth';
export const CLUSTER_PASSPHRASE_SECRET = 'spec.config.ssh.passphrase';

/** The name of a node's own passphrase among the secrets. */
export function nodePassphraseSecret(hostname: string): string {
  return `spec.config.nodes[${JSON.stringify(hostname)}].ssh.passphrase`;
}

/**
 * The passphrase of the key that logs in to a node: its own, else the cluster's, but only where the node uses the
 * cluster's key. Undefined when the key has none.
 */
export function passphraseFor(node: NodeSpec, secrets: SpecSecrets): string | undefined {
  const own = secrets[nodePassphraseSecret(node.hostname)];
  if (own !== undefined || node.ssh?.privateKeyPath !== undefined) return own;
  return secrets[CLUSTER_PASSPHRASE_SECRET];
}

/** Takes the write-only values out: `echo` is what may be stored in the open and answered. Changes nothing given. */
export function splitSecrets<T extends Pick<Cluster, 'spec'>>(
  cluster: T,
): { echo: T; secrets: SpecSecrets } {
  const secrets: Record<string, string> = {};
  const withoutPassphrase = (ssh: SshSpec, name: string): SshSpec => {
    const { passphrase, ...rest } = ssh;
    if (passphrase !== undefined) secrets[name] = passphrase;
    return rest;
  };
  const { spec } = cluster;
  const config = { ...spec.config };
  if (config.ssh) config.ssh = withoutPassphrase(config.ssh, CLUSTER_PASSPHRASE_SECRET);
  config.nodes = config.nodes.map((node) =>
    node.ssh
      ? { ...node, ssh: withoutPassphrase(node.ssh, nodePassphraseSecret(node.hostname)) }
      : node,
  );
  const echoed = { ...spec, config };
  if (spec.proxy) {
    const { proxyAuth, ...proxy } = spec.proxy;
    if (proxyAuth !== undefined) secrets[PROXY_AUTH_SECRET] = proxyAuth;
    echoed.proxy = proxy;
  }
  return { echo: { ...cluster, spec: echoed }, secrets };
}
