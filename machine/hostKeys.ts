import { createHash } from 'node:crypto';

import { AppError, ErrorCode } from '../core/errors.js';
import type { SeenHostKey } from './types.js';

/** What a machine's host key must be: the key itself, or its fingerprint. */
export type HostKeyPin =
  { kind: 'key'; type: string; key: string } | { kind: 'fingerprint'; value: string };

/** Signature algorithms by key type, in our order of preference; an RSA key signs with SHA-2 only. */
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
]);

/** The key of a handshake as people know it. `blob` is the key in SSH wire format. */
export function seenHostKey(blob: Buffer): SeenHostKey {
  const length = blob.readUInt32BE(0);
  const type = blob.toString('ascii', 4, 4 + length);
  const sum = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { key: `${type} ${blob.toString('base64')}`, fingerprint: `SHA256:${sum}` };
}

/**
 * Reads a pinned host key, `ssh-ed25519 AAAA… [comment]` or `SHA256:…`.
 * @throws AppError InvalidRequest when it is neither.
 */
export function parseHostKeyPin(text: string): HostKeyPin {
  const [type = '', key] = text.trim().split(/\s+/);
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(type)) {
    return { kind: 'fingerprint', value: type.replace(/=$/, '') };
  }
  if (key !== undefined && ALGORITHMS.has(type) && keyType(key) === type) {
    return { kind: 'key', type, key };
  }
  throw new AppError(
    ErrorCode.InvalidRequest,
    'ssh.hostKey must be a public host key (`ssh-ed25519 AAAA…`) or its fingerprint (`SHA256:…`)',
  );
}

/** True when a machine's key is the pinned one. */
export function matchesPin(pin: HostKeyPin, seen: SeenHostKey): boolean {
  return pin.kind === 'fingerprint'
    ? pin.value === seen.fingerprint
    : seen.key === `${pin.type} ${pin.key}`;
}

/** The fingerprint a pin stands for, as `ssh-keygen -l` prints it. */
export function pinFingerprint(pin: HostKeyPin): string {
  return pin.kind === 'fingerprint'
    ? pin.value
    : seenHostKey(Buffer.from(pin.key, 'base64')).fingerprint;
}

/**
 * Algorithms to offer, the pinned key's first: a machine with several keys shows the one we know.
 * `tried` are key types a fingerprint was already compared with.
 */
export function hostKeyAlgorithms(pin?: HostKeyPin, tried: readonly string[] = []): string[] {
  const first = pin?.kind === 'key' ? pin.type : undefined;
  return [...ALGORITHMS.keys()]
    .filter((type) => !tried.includes(type))
    .sort((a, b) => Number(b === first) - Number(a === first))
    .flatMap((type) => ALGORITHMS.get(type) ?? []);
}

function keyType(base64: string): string | undefined {
  const blob = Buffer.from(base64, 'base64');
  if (blob.length < 5 || blob.readUInt32BE(0) > blob.length - 4) return undefined;
  return blob.toString('ascii', 4, 4 + blob.readUInt32BE(0));
}
