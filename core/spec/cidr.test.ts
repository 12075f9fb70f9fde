import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText, contains, hasHostBits, overlap, parseAddress, parseCidr } from './cidr.js';

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const ipv4Cidr = fc
  .tuple(ipv4, fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => `${address}/${prefix}`);

describe('parseAddress', () => {
  test.each(['10.0.0.93', '0.0.0.0', '255.255.255.255', 'fd00::1', '::', '2001:DB8::7'])(
    '%s is an address',
    (text) => {
      expect(parseAddress(text)).toBeDefined();
    },
  );

  test.each([
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '1',
    'fe80::1%eth0',
    'a',
    '',
    '10.0.0.1 ',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('parseCidr', () => {
  test.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    'fd00::/129',
    '/8',
  ])('%j is no range', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test('the canonical spelling has no host bits and is its own', () => {
    fc.assert(
      fc.property(ipv4Cidr, (text) => {
        const canonical = parseCidr(text)?.canonical ?? '';
        const again = parseCidr(canonical);
        expect(again?.canonical).toBe(canonical);
        expect(again && hasHostBits(again)).toBe(false);
      }),
    );
  });

  test('ranges overlap exactly when one holds the first address of the other', () => {
    fc.assert(
      fc.property(ipv4Cidr, ipv4Cidr, (left, right) => {
        const [a, b] = [parseCidr(left), parseCidr(right)];
        if (!a || !b) throw new Error('both are ranges');
        const holds =
          contains(a, { family: 'ipv4', number: b.first }) ||
          contains(b, { family: 'ipv4', number: a.first });
        expect(overlap(a, b)).toBe(holds);
        expect(overlap(b, a)).toBe(holds);
      }),
    );
  });

  test('the families never meet', () => {
    const [four, six] = [parseCidr('0.0.0.0/0'), parseCidr('::/0')];
    expect(four && six && overlap(four, six)).toBe(false);
  });
});

test('every spelling of an address or range becomes one', () => {
  expect(canonicalText('FD00:0:0::1')).toBe(canonicalText('fd00::1'));
  expect(canonicalText('10.1.2.3/8')).toBe('10.0.0.0/8');
  expect(canonicalText('no address')).toBe('no address');
});
