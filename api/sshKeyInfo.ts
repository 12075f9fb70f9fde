import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

import ssh2 from 'ssh2';

export const KeyDefect = {
  /** It needs a passphrase and none was given. */
  Locked: 'locked',
  /** The passphrase is another one. */
  WrongPassphrase: 'wrong-passphrase',
  /** It is no private key for SSH. */
  Unusable: 'unusable',
} as const;
export type KeyDefect = (typeof KeyDefect)[keyof typeof KeyDefect];

export type SshKeyInfo =
  | {
      ok: true;
      /** `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256`, … */
      type: string;
      /** Of the public key, as `ssh-keygen -l` prints it. */
      fingerprint: string;
    }
  /** `message` holds nothing of the key. */
  | { ok: false; defect: KeyDefect; message: string };

/** What a private key is (OpenSSH, PEM, PKCS#8 or PuTTY form), or why it cannot be used. */
export function inspectSshKey(text: string, passphrase?: string): SshKeyInfo {
  try {
    const blob = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)
      ? publicOfPkcs8(text, passphrase)
      : publicOf(text, passphrase);
    return described(blob);
  } catch (error) {
    return defectOf(error, passphrase);
  }
}

class UnusableKey extends Error {}

function described(blob: Buffer): SshKeyInfo {
  const type = blob.toString('ascii', 4, 4 + blob.readUInt32BE(0));
  // sshd refuses it since OpenSSH 7.0 and does not know it any more since 10.0.
  if (type === 'ssh-dss') throw unusableType('dsa');
  const sum = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { ok: true, type, fingerprint: `SHA256:${sum}` };
}

function publicOf(text: string, passphrase: string | undefined): Buffer {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw parsed;
  if (!parsed.isPrivateKey()) {
    throw new UnusableKey('this is a public key: give the private one');
  }
  return parsed.getPublicSSH();
}

/** ssh2 does not read PKCS#8: the same key in a form that it does read. Workers convert it alike. */
function publicOfPkcs8(text: string, passphrase: string | undefined): Buffer {
  const key = createPrivateKey({
    key: text,
    format: 'pem',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return publicOf(key.export({ type: 'pkcs1', format: 'pem' }).toString(), undefined);
    case 'ec':
      return publicOfEc(key);
    case 'ed25519':
      return Buffer.concat([
        wireString(Buffer.from('ssh-ed25519')),
        wireString(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')),
      ]);
    default:
      throw unusableType(key.asymmetricKeyType ?? 'unknown');
  }
}

function publicOfEc(key: KeyObject): Buffer {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? 'unknown';
  if (!['prime256v1', 'secp384r1', 'secp521r1'].includes(curve)) throw unusableType(`ec ${curve}`);
  return publicOf(key.export({ type: 'sec1', format: 'pem' }).toString(), undefined);
}

function unusableType(type: string): UnusableKey {
  return new UnusableKey(`keys of type ${type} cannot log in over SSH`);
}

function wireString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const NEEDS_PASSPHRASE = /no passphrase given|passphrase required|interrupted or cancelled/i;
const WRONG_PASSPHRASE = /bad decrypt|bad passphrase|integrity check|failed to decrypt|cipher/i;

function defectOf(error: unknown, passphrase: string | undefined): SshKeyInfo {
  if (error instanceof UnusableKey) {
    return { ok: false, defect: KeyDefect.Unusable, message: error.message };
  }
  const cause = error instanceof Error ? error.message : String(error);
  if (passphrase === undefined && (NEEDS_PASSPHRASE.test(cause) || WRONG_PASSPHRASE.test(cause))) {
    return {
      ok: false,
      defect: KeyDefect.Locked,
      message: 'the key is protected by a passphrase: give it',
    };
  }
  if (WRONG_PASSPHRASE.test(cause)) {
    return {
      ok: false,
      defect: KeyDefect.WrongPassphrase,
      message: 'the passphrase does not open this key',
    };
  }
  return {
    ok: false,
    defect: KeyDefect.Unusable,
    message: 'this is not a private key that SSH can use (OpenSSH or PEM form)',
  };
}
