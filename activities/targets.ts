import type { BastionSpec, ClusterSpec, NodeSpec } from '../core/cluster.js';
import { bastionPin } from '../core/sshEndpoint.js';
import { unexpectedHostKey } from '../machine/failures.js';
import type { MachineSession, MachineTarget, SeenHostKey } from '../machine/types.js';
import type { ActivityDeps } from './deps.js';
import { keyOf, loginOf, uploadedCredential } from './logins.js';
import type { ClusterRef } from './refs.js';

export interface TargetQuery extends ClusterRef {
  clusterId: string;
  spec: ClusterSpec;
  node: NodeSpec;
}

/** How to reach a node's machine: address by spec, key from the vault, host keys as pinned. */
export async function machineTarget(
  deps: ActivityDeps,
  query: TargetQuery,
): Promise<MachineTarget> {
  const { node, spec } = query;
  const ssh = { ...spec.config.ssh, ...node.ssh };
  const [login, pinned] = await Promise.all([
    loginOf(deps, query),
    ssh.hostKey ?? pinnedKey(deps, query.clusterId, node.hostname),
  ]);
  const hostKey = ssh.hostKey ?? login.hostKey ?? pinned;
  const username = ssh.username ?? login.username ?? 'root';
  return {
    node: node.hostname,
    host: ssh.ipAddress ?? node.privateIP,
    port: Number(ssh.port ?? '22'),
    username,
    ...keyOf(login),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(ssh.bastion === undefined
      ? {}
      : { bastion: await bastionTarget(deps, query, ssh.bastion, username) }),
  };
}

async function bastionTarget(
  deps: ActivityDeps,
  query: TargetQuery,
  bastion: BastionSpec,
  machineUser: string,
): Promise<NonNullable<MachineTarget['bastion']>> {
  const own =
    bastion.cloudCredentials === undefined
      ? undefined
      : await uploadedCredential(deps, query.project, bastion.cloudCredentials);
  const hostKey =
    bastion.hostKey ??
    own?.hostKey ??
    (await pinnedKey(deps, query.clusterId, bastionPin(bastion)));
  return {
    host: bastion.ipAddress,
    port: Number(bastion.port ?? '22'),
    username: bastion.username ?? own?.username ?? machineUser,
    ...(own === undefined ? {} : { key: keyOf(own) }),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
}

async function pinnedKey(
  { store }: ActivityDeps,
  clusterId: string,
  of: string,
): Promise<string | undefined> {
  return (await store.hostKeys.get(clusterId, of))?.key;
}

/** Connects, pins the host keys that a first connection saw, and notes one that has changed for a person to judge. */
export async function withMachine<T>(
  deps: ActivityDeps,
  query: TargetQuery,
  work: (session: MachineSession) => Promise<T>,
): Promise<T> {
  return withTarget(deps, query, await machineTarget(deps, query), work);
}

/** The same for who has looked up already how to reach it. */
export async function withTarget<T>(
  deps: ActivityDeps,
  query: TargetQuery,
  target: MachineTarget,
  work: (session: MachineSession) => Promise<T>,
): Promise<T> {
  const bastion = bastionName(query);
  try {
    return await deps.machines.with(target, async (session) => {
      if (target.hostKey === undefined) {
        await pin(deps, query.clusterId, query.node.hostname, session.hostKey);
      }
      if (
        bastion !== undefined &&
        target.bastion?.hostKey === undefined &&
        session.bastionHostKey
      ) {
        await pin(deps, query.clusterId, bastion, session.bastionHostKey);
      }
      return work(session);
    });
  } catch (error) {
    const unexpected = unexpectedHostKey(error);
    if (unexpected !== undefined) {
      const of = unexpected.ofBastion ? bastion : query.node.hostname;
      const { key, fingerprint } = unexpected.seen;
      if (of !== undefined) {
        await deps.store.hostKeys.notePending(query.clusterId, of, key, fingerprint);
      }
    }
    throw error;
  }
}

async function pin(
  { store }: ActivityDeps,
  clusterId: string,
  hostname: string,
  { key, fingerprint }: SeenHostKey,
): Promise<void> {
  await store.hostKeys.pin({ clusterId, hostname, key, fingerprint, source: 'first-use' });
}

function bastionName({ spec, node }: TargetQuery): string | undefined {
  const { bastion } = { ...spec.config.ssh, ...node.ssh };
  return bastion === undefined ? undefined : bastionPin(bastion);
}
