import { format, inspect } from 'node:util';

import { expect, test } from 'vitest';

import { Secret } from './secret.js';

const secret = new Secret('hunter2');

test.each([
  ['a template', `key: ${String(secret)}`],
  ['JSON', JSON.stringify({ deep: [secret] })],
  ['the console', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
  ['a format string', format('%s %o %j', secret, secret, secret)],
])('%s shows [secret] and not the value', (_where, text) => {
  expect(text).toContain('[secret]');
  expect(text).not.toContain('hunter2');
});

test('no enumerable or own property gives the value away', () => {
  expect(Reflect.ownKeys(secret)).toEqual([]);
});

test('reveal gives the value', () => {
  expect(secret.reveal()).toBe('hunter2');
});
