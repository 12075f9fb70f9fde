import type { ClusterSpec, NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { MachineSession, MachineTarget } from '../machine/types.js';
import type { ActivityDeps } from './deps.js';
import type { ClusterRef } from './refs.js';

export interface TargetQuery extends ClusterRef {
  clusterId: string;
  spec: ClusterSpec;
  node: NodeSpec;
}

/** Secrets of a cluster's name lie under its project and name: they are there before its first id is. */
export function secretsOwner(of: ClusterRef): string {
  return `${of.project}/${of.name}`;
}

/** How to reach a node's machine: address by spec, key from the vault, host key as pinned. */
export async function machineTarget(
  deps: ActivityDeps,
  query: TargetQuery,
): Promise<MachineTarget> {
  const { node, spec } = query;
  const ssh = { ...spec.config.ssh, ...node.ssh };
  const owner = secretsOwner(query);
  const sealed = await deps.store.secrets.get(owner, `ssh:${node.hostname}`);
  if (sealed === undefined) {
    throw new AppError(
      ErrorCode.AuthFailed,
      `no SSH key is stored for node ${node.hostname}: apply the cluster again with a key`,
    );
  }
  const secret = JSON.parse(deps.vault.open(owner, sealed)) as {
    privateKey: string;
    passphrase?: string;
  };
  const pinned = await deps.store.hostKeys.get(query.clusterId, node.hostname);
  const hostKey = ssh.hostKey ?? pinned?.key;
  return {
    node: node.hostname,
    host: ssh.ipAddress ?? node.privateIP,
    port: Number(ssh.port ?? '22'),
    username: ssh.username ?? 'root',
    privateKey: secret.privateKey,
    ...(secret.passphrase === undefined ? {} : { passphrase: secret.passphrase }),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(ssh.bastion === undefined
      ? {}
      : {
          bastion: {
            host: ssh.bastion.ipAddress,
            port: Number(ssh.bastion.port ?? '22'),
            username: ssh.bastion.username ?? ssh.username ?? 'root',
          },
        }),
  };
}

/** Connects, and pins the host key that a first connection saw. */
export async function withMachine<T>(
  deps: ActivityDeps,
  query: TargetQuery,
  work: (session: MachineSession) => Promise<T>,
): Promise<T> {
  const target = await machineTarget(deps, query);
  return deps.machines.with(target, async (session) => {
    if (target.hostKey === undefined) {
      await deps.store.hostKeys.pin({
        clusterId: query.clusterId,
        hostname: query.node.hostname,
        key: session.hostKey.key,
        fingerprint: session.hostKey.fingerprint,
        source: 'first-use',
      });
    }
    return work(session);
  });
}
