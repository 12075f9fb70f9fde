import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';

import type { FileDocument } from './documents.js';

/** A private key on this computer that a Cluster names. */
export interface LocalKey {
  /** Absolute: what the credential is known by. */
  path: string;
  /** As the document has it. */
  given: string;
  text: string;
  passphrase?: string;
}

interface Ssh {
  privateKeyPath?: unknown;
  passphrase?: unknown;
}

/** A private key is a few kilobytes: more is another file. */
const MAX_BYTES = 64 * 1024;

/**
 * The keys of a Cluster that lie on this computer, each once. A path is absolute, begins with `~/`, or is relative to
 * the document's folder; one that is nowhere here is left for the server's key folder.
 */
export function findLocalKeys({ value, folder }: FileDocument): LocalKey[] {
  const found = new Map<string, LocalKey>();
  for (const ssh of sshOf(value)) {
    const given = ssh.privateKeyPath;
    if (typeof given !== 'string' || given === '') continue;
    const path = localPath(given, folder);
    const known = found.get(path);
    const text = known?.text ?? readSmall(path);
    if (text === undefined) continue;
    const passphrase = typeof ssh.passphrase === 'string' ? ssh.passphrase : known?.passphrase;
    found.set(path, { path, given, text, ...(passphrase === undefined ? {} : { passphrase }) });
  }
  return [...found.values()];
}

/** The Cluster with these keys named by what their credentials are known by, and their passphrases left out. */
export function withUploadedKeys(
  { value, folder }: FileDocument,
  uploaded: readonly LocalKey[],
): Record<string, unknown> {
  const paths = new Set(uploaded.map(({ path }) => path));
  const copy = structuredClone(value);
  for (const ssh of sshOf(copy)) {
    if (typeof ssh.privateKeyPath !== 'string') continue;
    const path = localPath(ssh.privateKeyPath, folder);
    if (!paths.has(path)) continue;
    ssh.privateKeyPath = path;
    // The credential brings it.
    delete ssh.passphrase;
  }
  return copy;
}

/** A name that is always the same for one path. */
export function credentialNameFor(path: string): string {
  const words = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const sum = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return `${words.slice(0, 40) || 'key'}-${sum}`;
}

/** Of the public half, as `ssh-keygen -l` says; undefined where the file does not have it in the open. */
export function openSshFingerprint(text: string): string | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  const magic = 'openssh-key-v1\0';
  if (bytes.toString('latin1', 0, magic.length) !== magic) return undefined;
  let at = magic.length;
  const field = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  try {
    // cipher, kdf, its options; then how many keys there are.
    for (let skipped = 0; skipped < 3; skipped += 1) field();
    at += 4;
    const sum = createHash('sha256').update(field()).digest('base64').replace(/=+$/, '');
    return `SHA256:${sum}`;
  } catch {
    return undefined;
  }
}

/** Of the cluster, and of each node. */
function sshOf(value: unknown): Ssh[] {
  const config = at(at(value, 'spec'), 'config');
  const nodes = at(config, 'nodes');
  const all = [at(config, 'ssh'), ...(Array.isArray(nodes) ? nodes : []).map((n) => at(n, 'ssh'))];
  return all.filter((ssh): ssh is Ssh => ssh !== null && typeof ssh === 'object');
}

function at(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object'
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function localPath(given: string, folder: string): string {
  if (given.startsWith('~/')) return resolve(process.env['HOME'] ?? homedir(), given.slice(2));
  return resolve(folder, given);
}

function readSmall(path: string): string | undefined {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    const text = readFileSync(path, 'utf8');
    return /PRIVATE KEY|PuTTY-User-Key-File/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
