import { createHash, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createVault } from './vault.js';

const masterKey = randomBytes(32);
const vault = createVault({ masterKey });
const owner = fc.string({ unit: 'binary' });
const plaintext = fc.string({ unit: 'grapheme', maxLength: 300 });

test('whatever was sealed opens as it was', () => {
  fc.assert(
    fc.property(owner, plaintext, (who, text) => {
      expect(vault.open(who, vault.seal(who, text))).toBe(text);
    }),
  );
});

test('a sealed value in which any one character differs does not open', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:';
  fc.assert(
    fc.property(plaintext, fc.nat(), fc.nat(), (text, place, choice) => {
      const sealed = vault.seal('o', text);
      const at = place % sealed.length;
      const other = alphabet.replaceAll(sealed.charAt(at), '');
      const changed =
        sealed.slice(0, at) + other.charAt(choice % other.length) + sealed.slice(at + 1);
      expect(() => vault.open('o', changed)).toThrow(/does not open/);
    }),
    { numRuns: 1000 },
  );
});

test('a value moved to another owner does not open', () => {
  fc.assert(
    fc.property(owner, owner, plaintext, (one, two, text) => {
      fc.pre(Buffer.compare(Buffer.from(one), Buffer.from(two)) !== 0);
      expect(() => vault.open(two, vault.seal(one, text))).toThrow(/another owner/);
    }),
  );
});

test('the same value sealed twice reads differently', () => {
  expect(vault.seal('o', 'x')).not.toBe(vault.seal('o', 'x'));
});

test("a sealed value names its version and the first 8 digits of its key's sha256", () => {
  const id = createHash('sha256').update(masterKey).digest('hex').slice(0, 8);
  expect(vault.seal('o', 'x')).toMatch(new RegExp(`^v1:${id}:[\\w-]{16}:[\\w-]{22}:[\\w-]{2}$`));
});

test('a value sealed under a key that was not given names the key and is an Internal error', () => {
  const sealed = createVault({ masterKey: randomBytes(32) }).seal('o', 'x');
  const id = sealed.split(':')[1];
  expect(() => vault.open('o', sealed)).toThrow(
    expect.objectContaining({
      code: 'Internal',
      message: expect.stringContaining(`master key ${String(id)}`) as string,
    }),
  );
});

test('errors tell the owner but nothing of the value', () => {
  const sealed = vault.seal('mine', 'correct horse battery');
  try {
    vault.open('yours', sealed);
    expect.unreachable();
  } catch (error) {
    expect(String(error)).toContain('yours');
    expect(String(error)).not.toContain(sealed.split(':')[4]);
  }
});

test('after a rotation old values open, and are sealed anew under the new key', () => {
  const old = vault.seal('o', 'kept');
  const rotated = createVault({ masterKey: [randomBytes(32), masterKey] });
  expect(rotated.open('o', old)).toBe('kept');
  const anew = rotated.reseal('o', old);
  expect(anew).toContain(rotated.keyId);
  expect(rotated.open('o', anew)).toBe('kept');
  expect(() => vault.open('o', anew)).toThrow(/was not given/);
});

test('resealing a value of the newest key leaves it as it is', () => {
  const sealed = vault.seal('o', 'x');
  expect(vault.reseal('o', sealed)).toBe(sealed);
});

test('equal values have equal keyed hashes, under another key different ones', () => {
  expect(vault.keyedHash('a')).toBe(createVault({ masterKey }).keyedHash('a'));
  expect(vault.keyedHash('a')).not.toBe(vault.keyedHash('b'));
  expect(vault.keyedHash('a')).not.toBe(createVault({ masterKey: randomBytes(32) }).keyedHash('a'));
});

test('a master key of another size is refused', () => {
  expect(() => createVault({ masterKey: randomBytes(16) })).toThrow(RangeError);
});
