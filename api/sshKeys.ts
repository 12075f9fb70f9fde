import type { Problem } from '../core/errors.js';
import type { MachineOfBody } from './machinesOfBody.js';
import { readSshKeyFile, type SshKeyFile } from './sshKeyFile.js';

/** What is sealed in the store for a node, as `ssh:<hostname>`. */
export interface SshSecret {
  privateKey: string;
  passphrase?: string;
}

export interface SshKeys {
  /** By hostname. */
  keys: Map<string, SshSecret>;
  problems: Problem[];
}

/**
 * Reads the key of every machine, each file once, and says of every key that cannot be used why not.
 * A passphrase that the request leaves out is the stored one: it is write-only, so what a GET gave has none.
 */
export async function resolveSshKeys(
  keysDir: string,
  machines: readonly MachineOfBody[],
  storedPassphrase: (hostname: string) => Promise<string | undefined>,
): Promise<SshKeys> {
  const files = new Map<string, Promise<SshKeyFile>>();
  const read = (path: string, passphrase: string | undefined): Promise<SshKeyFile> => {
    const id = JSON.stringify([path, passphrase]);
    const known = files.get(id) ?? readSshKeyFile(keysDir, path, passphrase);
    files.set(id, known);
    return known;
  };
  const keys = new Map<string, SshSecret>();
  const problems = new Map<string, Problem>();
  for (const { hostname, ssh, keyPathField } of machines) {
    const { privateKeyPath, passphrase } = ssh;
    // A machine without a key is a problem of the spec: told there.
    if (privateKeyPath === undefined) continue;
    let found = await read(privateKeyPath, passphrase);
    let used = passphrase;
    if (!found.ok && passphrase === undefined) {
      used = await storedPassphrase(hostname);
      if (used !== undefined) found = await read(privateKeyPath, used);
    }
    if (found.ok) {
      keys.set(hostname, {
        privateKey: found.privateKey,
        ...(used === undefined ? {} : { passphrase: used }),
      });
    } else if (!problems.has(keyPathField)) {
      problems.set(keyPathField, { path: keyPathField, message: found.message });
    }
  }
  return { keys, problems: [...problems.values()] };
}
