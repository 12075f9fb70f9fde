import { createPrivateKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import ssh2 from 'ssh2';

import { AppError, ErrorCode } from '../core/errors.js';

/**
 * A private key in a form that ssh2 reads. PKCS#8 (`BEGIN PRIVATE KEY`, what openssl and cloud consoles
 * write) is converted; OpenSSH, PEM and PuTTY forms pass through.
 * @throws AppError AuthFailed when it cannot be read (no key, wrong or missing passphrase); the message never holds the key.
 */
export function loadPrivateKey(
  text: string,
  passphrase?: string,
): { privateKey: string; passphrase?: string } {
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) {
    return { privateKey: fromPkcs8(text, passphrase) };
  }
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw unreadable(parsed);
  if (!parsed.isPrivateKey()) throw unreadable(new Error('it is a public key'));
  return { privateKey: text, ...(passphrase === undefined ? {} : { passphrase }) };
}

function fromPkcs8(text: string, passphrase?: string): string {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: 'pem', ...(passphrase ? { passphrase } : {}) });
  } catch (error) {
    throw unreadable(error);
  }
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return opensshEd25519(key);
    default:
      throw unreadable(
        new Error(`keys of type ${key.asymmetricKeyType ?? 'unknown'} cannot log in over SSH`),
      );
  }
}

/** OpenSSH's own form is the only one ssh2 reads ed25519 from: PROTOCOL.key in OpenSSH's source. */
function opensshEd25519(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const point = Buffer.from(jwk.x ?? '', 'base64url');
  const type = string('ssh-ed25519');
  const check = randomBytes(4);
  const secret = Buffer.concat([
    ...[check, check, type, string(point), string(Buffer.concat([seed, point])), string('')],
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[string('none'), string('none'), string('')],
    ...[Buffer.from([0, 0, 0, 1]), string(Buffer.concat([type, string(point)]))],
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...lines,
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n');
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function unreadable(cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = /passphrase|password|decrypt|integrity|cancelled/i.test(reason)
    ? 'the passphrase is missing or wrong'
    : `${reason}; an OpenSSH private key (ssh-keygen -t ed25519) always works`;
  return new AppError(ErrorCode.AuthFailed, `the SSH private key cannot be read: ${hint}`, {
    cause,
  });
}
