import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { AppError, ErrorCode } from '../core/errors.js';
import { KEY_BYTES } from './masterKey.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Where a chunk belongs: bound into it, so that none can be moved, left out at the end, or taken from another file. */
export interface ChunkPlace {
  index: number;
  last: boolean;
}

export interface ChunkCipher {
  /** `iv | tag | ciphertext`: 28 bytes more than what goes in. */
  seal(place: ChunkPlace, plaintext: Uint8Array): Buffer;
  /** @throws AppError Internal for a chunk that was changed, or is from another place or file. */
  open(place: ChunkPlace, sealed: Uint8Array): Buffer;
}

/** A key for one large file, to be sealed by the vault like any secret: a new master key reseals it, not the file. */
export function newFileKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/**
 * Encrypts a file in chunks, so that no more of it than a chunk is in memory.
 * @param key as `newFileKey` gives it. @param file names the file and its owner.
 */
export function createChunkCipher(key: string, file: string): ChunkCipher {
  const secret = Buffer.from(key, 'base64');
  if (secret.length !== KEY_BYTES) {
    throw new RangeError(`a file's key has ${String(KEY_BYTES)} bytes`);
  }
  const associated = ({ index, last }: ChunkPlace): Buffer =>
    Buffer.from(JSON.stringify([file, index, last]));
  return {
    seal(place, plaintext) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(associated(place));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
    },
    open(place, sealed) {
      try {
        const iv = sealed.subarray(0, IV_BYTES);
        const decipher = createDecipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(associated(place));
        decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const ciphertext = sealed.subarray(IV_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
      } catch (cause) {
        throw new AppError(
          ErrorCode.Internal,
          `part ${String(place.index)} of ${file} does not open: it was changed, or belongs elsewhere`,
          { cause },
        );
      }
    },
  };
}
