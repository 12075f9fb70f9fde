import type { SshSpec } from '../core/cluster.js';

/** A node of a request body, as far as its machine is concerned: the body may be wrong everywhere else. */
export interface MachineOfBody {
  index: number;
  /** Empty when the body gives none. */
  hostname: string;
  privateIP?: string;
  /** The node's own `ssh` over the cluster's, field by field; a key brings its own passphrase or none. */
  ssh: Partial<Pick<SshSpec, 'ipAddress' | 'port' | 'privateKeyPath' | 'passphrase' | 'bastion'>>;
  /** Where the key path stands in the document. */
  keyPathField: string;
  /** Where its passphrase stands. */
  passphraseField: string;
}

const CLUSTER_SSH = 'spec.config.ssh';

/**
 * The machines that a request body names. Read from the raw body, so that problems of keys and machines are
 * told together with those of the spec; what has the wrong type is left out here and refused there.
 */
export function machinesOfBody(raw: unknown): MachineOfBody[] {
  const config = object(object(object(raw)['spec'])['config']);
  const shared = sshOf(config['ssh']);
  const nodes: unknown[] = Array.isArray(config['nodes']) ? config['nodes'] : [];
  return nodes.map((value, index) => {
    const node = object(value);
    const own = sshOf(node['ssh']);
    const privateIP = text(node['privateIP']);
    const byCluster = own.privateKeyPath === undefined && shared.privateKeyPath !== undefined;
    const ownSsh = `spec.config.nodes[${String(index)}].ssh`;
    const { passphrase: sharedPassphrase, ...sharedRest } = shared;
    const inherited =
      own.privateKeyPath === undefined && sharedPassphrase !== undefined
        ? { ...sharedRest, passphrase: sharedPassphrase }
        : sharedRest;
    return {
      index,
      hostname: text(node['hostname']) ?? '',
      ...(privateIP === undefined ? {} : { privateIP }),
      ssh: { ...inherited, ...own },
      keyPathField: `${byCluster ? CLUSTER_SSH : ownSsh}.privateKeyPath`,
      passphraseField: `${own.passphrase === undefined ? CLUSTER_SSH : ownSsh}.passphrase`,
    };
  });
}

function sshOf(value: unknown): MachineOfBody['ssh'] {
  const ssh = object(value);
  const ipAddress = text(ssh['ipAddress']);
  const port = text(ssh['port']);
  const privateKeyPath = text(ssh['privateKeyPath']);
  const passphrase = text(ssh['passphrase']);
  const bastion = object(ssh['bastion']);
  const bastionAddress = text(bastion['ipAddress']);
  const bastionPort = text(bastion['port']);
  return {
    ...(ipAddress === undefined ? {} : { ipAddress }),
    ...(port === undefined ? {} : { port }),
    ...(privateKeyPath === undefined ? {} : { privateKeyPath }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(bastionAddress === undefined
      ? {}
      : {
          bastion: {
            ipAddress: bastionAddress,
            ...(bastionPort === undefined ? {} : { port: bastionPort }),
          },
        }),
  };
}

function object(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
