import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
} from 'node:crypto';

import { AppError, ErrorCode } from '../core/errors.js';
import { KEY_BYTES } from './masterKey.js';
import type { MasterKeys } from './masterKey.js';
import type { Vault } from './types.js';

export { loadMasterKey } from './masterKey.js';

const VERSION = 'v1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^v1:([0-9a-f]{8}):([\w-]{16}):([\w-]{22}):([\w-]*)$/;

interface Key {
  id: string;
  /** One use, one key: both are derived from the master key. */
  sealing: Buffer;
  hashing: Buffer;
}

/** A vault whose master key can be exchanged. */
export interface RotatableVault extends Vault {
  /** Id of the key that seals. */
  readonly keyId: string;
  /** The same value under the newest key; unchanged when it is already. Throws as `open` does. */
  reseal(owner: string, sealed: string): string;
}

/**
 * Sealed values read `v1:<key id>:<iv>:<tag>:<ciphertext>`, the parts in base64url.
 * @param options.masterKey 32 bytes; or the newest key first and older ones, which only open, after it.
 * @param options.hashKey 32 bytes that keyed hashes are made with, so that they outlive a rotation; left out, they are
 * the newest master key's.
 * @throws RangeError when a key is not 32 bytes.
 */
export function createVault(options: {
  masterKey: Buffer | MasterKeys;
  hashKey?: Buffer;
}): RotatableVault {
  const masterKeys: MasterKeys = Buffer.isBuffer(options.masterKey)
    ? [options.masterKey]
    : options.masterKey;
  const keys = new Map(masterKeys.map(derive).map((key) => [key.id, key]));
  const current = derive(masterKeys[0]);
  const vault: RotatableVault = {
    keyId: current.id,
    seal: (owner, plaintext) => seal(current, owner, plaintext),
    open(owner, sealed) {
      const parts = SEALED.exec(sealed);
      if (parts === null) throw damaged(owner, 'it is not a sealed value');
      const [, id = '', iv = '', tag = '', ciphertext = ''] = parts;
      const key = keys.get(id);
      if (key === undefined) {
        throw damaged(owner, `it was sealed under master key ${id}, which was not given`);
      }
      return unseal(key, owner, [iv, tag, ciphertext]);
    },
    reseal(owner, sealed) {
      const plaintext = vault.open(owner, sealed);
      return sealed.startsWith(`${VERSION}:${current.id}:`) ? sealed : vault.seal(owner, plaintext);
    },
    keyedHash: (value) =>
      createHmac('sha256', options.hashKey ?? current.hashing)
        .update(value)
        .digest('hex'),
  };
  return vault;
}

function derive(masterKey: Buffer): Key {
  if (masterKey.length !== KEY_BYTES) {
    throw new RangeError(`a master key has ${String(KEY_BYTES)} bytes`);
  }
  const part = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', masterKey, '', `plinth ${use}`, KEY_BYTES));
  return {
    id: createHash('sha256').update(masterKey).digest('hex').slice(0, 8),
    sealing: part('seal'),
    hashing: part('keyed hash'),
  };
}

function seal(key: Key, owner: string, plaintext: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key.sealing, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(owner));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'));
  return [VERSION, key.id, ...parts].join(':');
}

function unseal(key: Key, owner: string, parts: readonly [string, string, string]): string {
  try {
    const [iv, tag, ciphertext] = [bytes(parts[0]), bytes(parts[1]), bytes(parts[2])];
    const decipher = createDecipheriv(CIPHER, key.sealing, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw damaged(owner, 'it was changed, or belongs to another owner', cause);
  }
}

/** The last character of base64url may hold bits that decoding drops: one value, one text. */
function bytes(part: string): Buffer {
  const decoded = Buffer.from(part, 'base64url');
  if (decoded.toString('base64url') !== part) throw new Error('not canonical base64url');
  return decoded;
}

/** Says whose value, never what is in it. */
function damaged(owner: string, why: string, cause?: unknown): AppError {
  return new AppError(ErrorCode.Internal, `a secret of ${owner} does not open: ${why}`, { cause });
}
