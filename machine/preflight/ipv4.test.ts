import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ipv4InCidr } from './ipv4.js';

describe('ipv4InCidr', () => {
  it.each([
    ['10.244.3.7', '10.244.0.0/16', true],
    ['10.245.0.0', '10.244.0.0/16', false],
    ['10.111.255.255', '10.96.0.0/12', true],
    ['10.112.0.0', '10.96.0.0/12', false],
    ['192.168.1.1', '0.0.0.0/0', true],
    ['192.168.1.1', '192.168.1.1/32', true],
    ['192.168.1.2', '192.168.1.1/32', false],
    ['255.255.255.255', '255.255.255.255/32', true],
    ['fd00::1', '10.0.0.0/8', false],
    ['10.0.0.1', 'fd00::/64', false],
    ['10.0.0.1', '10.0.0.0', false],
    ['10.0.0.256', '10.0.0.0/8', false],
  ])('%s in %s: %s', (address, cidr, inside) => {
    expect(ipv4InCidr(address, cidr)).toBe(inside);
  });

  it('finds every address in the network made from it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, length) => {
        expect(ipv4InCidr(address, `${address}/${String(length)}`)).toBe(true);
      }),
    );
  });
});
