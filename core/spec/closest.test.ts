import { expect, test } from 'vitest';
import { closest } from './closest.js';

const FIELDS = ['hostname', 'privateIP', 'roles', 'operatingSystem', 'os'];

test.each([
  ['hostName', 'hostname'],
  ['host_name', 'hostname'],
  ['privateIp', 'privateIP'],
  ['role', 'roles'],
  ['operatingsytem', 'operatingSystem'],
])('%s was meant to be %s', (word, meant) => {
  expect(closest(word, FIELDS)).toBe(meant);
});

test.each(['ip', 'name', 'x', '', 'completely-different'])('%j is near to none', (word) => {
  expect(closest(word, FIELDS)).toBeUndefined();
});
