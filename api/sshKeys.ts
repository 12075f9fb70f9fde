import { isAbsolute } from 'node:path';

import type { Problem } from '../core/errors.js';
import type { NodeLogin, SshKey } from '../core/sshSecrets.js';
import type { CredentialRecord } from '../store/credentialStore.js';
import type { MachineOfBody } from './machinesOfBody.js';
import { readSshKeyFile, type SshKeyFile } from './sshKeyFile.js';

export interface SshKeys {
  /** By hostname. */
  keys: Map<string, NodeLogin>;
  problems: Problem[];
}

export interface KeySources {
  keysDir: string;
  /** Those of the project that may be named. */
  credentials: readonly CredentialRecord[];
  /** The spec's: for machines that no `privateKeyPath` is for. */
  cloudCredentials?: string | undefined;
  storedPassphrase: (hostname: string) => Promise<string | undefined>;
}

/**
 * What logs in to every machine: the key of its `privateKeyPath`, each file read once, else the uploaded credential.
 * Says of every key that cannot be used why not. A passphrase that the request leaves out is the stored one: it is
 * write-only, so what a GET gave has none.
 */
export async function resolveSshKeys(
  sources: KeySources,
  machines: readonly MachineOfBody[],
): Promise<SshKeys> {
  const read = keyReader(sources.keysDir);
  const keys = new Map<string, NodeLogin>();
  const problems = new Map<string, Problem>();
  const problem = (path: string, message: string): void => {
    if (!problems.has(path)) problems.set(path, { path, message });
  };
  for (const machine of machines) {
    const { hostname, ssh, keyPathField, passphraseField } = machine;
    const credential = credentialOf(sources, ssh.privateKeyPath);
    if (credential !== undefined) {
      if (ssh.privateKeyPath !== undefined && ssh.passphrase !== undefined) {
        problem(
          passphraseField,
          `the key at ${JSON.stringify(ssh.privateKeyPath)} is the uploaded credential ${credential}, which brings its own passphrase: leave it out`,
        );
      }
      keys.set(hostname, { credential });
      continue;
    }
    // A machine without a key is a problem of the spec: told there.
    if (ssh.privateKeyPath === undefined) continue;
    const found = await keyOf(read, machine, ssh.privateKeyPath, sources);
    if (found.ok) keys.set(hostname, found.key);
    else problem(keyPathField, found.message);
  }
  return { keys, problems: [...problems.values()] };
}

function credentialOf(
  { credentials, cloudCredentials }: KeySources,
  path: string | undefined,
): string | undefined {
  if (path === undefined) {
    return credentials.find(({ name }) => name === cloudCredentials)?.name;
  }
  if (!isAbsolute(path)) return undefined;
  return credentials.find(({ privateKeyPath }) => privateKeyPath === path)?.name;
}

type KeyReader = (path: string, passphrase: string | undefined) => Promise<SshKeyFile>;

function keyReader(keysDir: string): KeyReader {
  const files = new Map<string, Promise<SshKeyFile>>();
  return (path, passphrase) => {
    const id = JSON.stringify([path, passphrase]);
    const known = files.get(id) ?? readSshKeyFile(keysDir, path, passphrase);
    files.set(id, known);
    return known;
  };
}

async function keyOf(
  read: KeyReader,
  { hostname, ssh: { passphrase } }: MachineOfBody,
  path: string,
  { storedPassphrase }: KeySources,
): Promise<{ ok: true; key: SshKey } | { ok: false; message: string }> {
  let found = await read(path, passphrase);
  let used = passphrase;
  if (!found.ok && passphrase === undefined) {
    used = await storedPassphrase(hostname);
    if (used !== undefined) found = await read(path, used);
  }
  if (!found.ok) return found;
  const { privateKey } = found;
  return { ok: true, key: { privateKey, ...(used === undefined ? {} : { passphrase: used }) } };
}
