import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createChunkCipher, newFileKey } from './chunkCipher.js';

const key = newFileKey();
const cipher = createChunkCipher(key, 'c1/s1');
const bytes = fc.uint8Array({ maxLength: 500 });
const place = fc.record({ index: fc.nat(), last: fc.boolean() });

test('whatever was sealed opens as it was, in its place', () => {
  fc.assert(
    fc.property(place, bytes, (at, plain) => {
      expect([...cipher.open(at, cipher.seal(at, plain))]).toEqual([...plain]);
    }),
  );
});

test('a chunk in another place, or as the last one where more came, does not open', () => {
  const sealed = cipher.seal({ index: 3, last: false }, randomBytes(100));
  expect(() => cipher.open({ index: 2, last: false }, sealed)).toThrow(/part 2 of c1\/s1/);
  expect(() => cipher.open({ index: 3, last: true }, sealed)).toThrow(/does not open/);
});

test('a chunk of another file, or under another key, does not open', () => {
  const at = { index: 0, last: true };
  const sealed = cipher.seal(at, randomBytes(100));
  expect(() => createChunkCipher(key, 'c1/s2').open(at, sealed)).toThrow(/does not open/);
  expect(() => createChunkCipher(newFileKey(), 'c1/s1').open(at, sealed)).toThrow(/does not open/);
});

test('a chunk in which any one bit differs, or that was cut short, does not open', () => {
  const at = { index: 0, last: true };
  fc.assert(
    fc.property(bytes, fc.nat(), (plain, bit) => {
      const sealed = cipher.seal(at, plain);
      const where = bit % (sealed.length * 8);
      const changed = Buffer.from(sealed);
      changed[where >> 3] = (changed[where >> 3] ?? 0) ^ (1 << (where & 7));
      expect(() => cipher.open(at, changed)).toThrow(/does not open/);
      expect(() => cipher.open(at, sealed.subarray(0, -1))).toThrow(/does not open/);
    }),
  );
});

test('the same chunk sealed twice reads differently', () => {
  const at = { index: 0, last: true };
  expect(cipher.seal(at, Buffer.from('x')).equals(cipher.seal(at, Buffer.from('x')))).toBe(false);
});

test('a key of another size is refused', () => {
  expect(() => createChunkCipher('c2hvcnQ=', 'f')).toThrow(RangeError);
});
