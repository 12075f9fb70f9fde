/** A private key, with what opens it. */
export interface SshKey {
  privateKey: string;
  passphrase?: string;
}

/**
 * What logs in to a node, sealed as `ssh:<hostname>`: a key that the apply read, or the name of an uploaded credential,
 * which is looked up at each connection.
 */
export type NodeLogin = SshKey | { credential: string };

/** What is sealed of an uploaded credential: all that a login needs, so that one write changes it as a whole. */
export interface CredentialSecret extends SshKey {
  username?: string;
  hostKey?: string;
}

/** The name of a credential's secret under its owner. */
export const CREDENTIAL_SECRET = 'ssh';

/** Owner of a credential's secret. Clusters own theirs as `<project>/<name>`: no project's name holds a colon. */
export function credentialOwner(project: string, name: string): string {
  return `credential:${project}/${name}`;
}

/** The name of a node's login among its cluster's secrets. */
export function nodeLoginName(hostname: string): string {
  return `ssh:${hostname}`;
}
