import { expect, test } from 'vitest';
import { machineAddress } from './addresses.js';

test('a machine is numbered by its name', () => {
  expect(machineAddress('m1')).toMatchObject({ ip: '10.77.0.11', veth: 'plv-m1' });
  expect(machineAddress('m200').ip).toBe('10.77.0.210');
});

test.each(['m0', 'm201', 'x1', 'm1/../x', ''])('%j is no machine', (name) => {
  expect(() => machineAddress(name)).toThrow(RangeError);
});

test('every cable has a name that the kernel takes', () => {
  expect(machineAddress('m200').veth.length).toBeLessThan(16);
});
