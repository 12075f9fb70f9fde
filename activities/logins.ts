import type { ClusterSpec, NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import {
  CREDENTIAL_SECRET,
  credentialOwner,
  nodeLoginName,
  type CredentialSecret,
  type NodeLogin,
  type SshKey,
} from '../core/sshSecrets.js';
import type { ActivityDeps } from './deps.js';
import { secretsOwner, type ClusterRef } from './refs.js';

interface LoginQuery extends ClusterRef {
  spec: ClusterSpec;
  node: NodeSpec;
}

/**
 * What logs in to a node: what the last apply that named it said, whatever the spec says by now. A credential is
 * looked up each time, so that a changed one is used by the next connection.
 */
export async function loginOf(deps: ActivityDeps, query: LoginQuery): Promise<CredentialSecret> {
  const { project, node, spec } = query;
  const owner = secretsOwner(query);
  const sealed = await deps.store.secrets.get(owner, nodeLoginName(node.hostname));
  if (sealed === undefined) {
    throw new AppError(
      ErrorCode.AuthFailed,
      `no SSH key is stored for node ${node.hostname}: apply the cluster again with a key`,
    );
  }
  const login = JSON.parse(deps.vault.open(owner, sealed)) as NodeLogin;
  if ('credential' in login) return uploadedCredential(deps, project, login.credential);
  if (spec.cloudCredentials === undefined) return login;
  // A key of the spec's own goes over the credential's; what it does not say stays the credential's.
  const { username } = await uploadedCredential(deps, project, spec.cloudCredentials);
  return { ...login, ...(username === undefined ? {} : { username }) };
}

/** @throws AppError AuthFailed when it is not there any more. */
export async function uploadedCredential(
  { store, vault }: ActivityDeps,
  project: string,
  name: string,
): Promise<CredentialSecret> {
  const owner = credentialOwner(project, name);
  const sealed = await store.secrets.get(owner, CREDENTIAL_SECRET);
  if (sealed === undefined) {
    throw new AppError(
      ErrorCode.AuthFailed,
      `project ${project} has no credential ${JSON.stringify(name)} any more: upload it again, or apply the cluster with another one`,
    );
  }
  return JSON.parse(vault.open(owner, sealed)) as CredentialSecret;
}

export function keyOf({ privateKey, passphrase }: SshKey): SshKey {
  return { privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
}
