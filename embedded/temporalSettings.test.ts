import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, expect, test } from 'vitest';

import { testAuthority } from '../test/fixtures/certificates.js';
import { ConfigError, parseStartConfig } from './config.js';

const dir = mkdtempSync(join(tmpdir(), 'plinth-temporal-settings-'));
afterAll(() => rmSync(dir, { recursive: true }));

const ca = testAuthority(dir);
const client = ca.sign('client');
const other = ca.sign('other');
const CERT = { TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert };
const KEY = { TEMPORAL_TLS_CLIENT_KEY_PATH: client.key };
const CA = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert };

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    parseStartConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test.each([
  [undefined, {}],
  [undefined, { TEMPORAL_TLS: 'false' }],
  [undefined, { TEMPORAL_TLS: '0', TEMPORAL_API_KEY: 'key' }],
  [{}, { TEMPORAL_TLS: 'true' }],
  [{}, { TEMPORAL_API_KEY: 'key' }],
  [{ serverCa: ca.cert }, CA],
  [{ serverName: 'plinth.test' }, { TEMPORAL_TLS_SERVER_NAME: 'plinth.test' }],
  [{ client }, { ...CERT, ...KEY }],
])('%j is what TLS is spoken with where %j is set', (tls, env) => {
  expect(parseStartConfig(env).temporalAccess.tls).toEqual(tls);
});

test.each([
  ['TEMPORAL_TLS_CLIENT_KEY_PATH: not set, but TEMPORAL_TLS_CLIENT_CERT_PATH is', CERT],
  ['TEMPORAL_TLS_CLIENT_CERT_PATH: not set, but TEMPORAL_TLS_CLIENT_KEY_PATH is', KEY],
  [
    'TEMPORAL_TLS_CLIENT_KEY_PATH: not the key of TEMPORAL_TLS_CLIENT_CERT_PATH',
    { ...CERT, TEMPORAL_TLS_CLIENT_KEY_PATH: other.key },
  ],
  [
    'TEMPORAL_TLS: off, but TEMPORAL_TLS_SERVER_CA_CERT_PATH is set',
    { ...CA, TEMPORAL_TLS: 'false' },
  ],
  ['TEMPORAL_TLS: neither `true` nor `false`', { TEMPORAL_TLS: 'yes' }],
  ['TEMPORAL_API_KEY: not an API key', { TEMPORAL_API_KEY: 'two words' }],
  ['TEMPORAL_TLS_SERVER_NAME: not the name of a host', { TEMPORAL_TLS_SERVER_NAME: 'a:7233' }],
])('%s …, and nothing else, is the answer to %j', (problem, env) => {
  const problems = problemsOf(env);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.startsWith(problem)).toBe(true);
});

test('a file that is not there, is a folder, or holds something else is named', () => {
  const folder = join(dir, 'folder');
  mkdirSync(folder);
  const text = join(dir, 'text');
  writeFileSync(text, 'hello');
  expect(problemsOf({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such.pem' })).toEqual([
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH: no such file',
  ]);
  expect(problemsOf({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: folder })).toEqual([
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH: no such file',
  ]);
  const swapped = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: text,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.cert,
  };
  expect(problemsOf(swapped)).toEqual([
    'TEMPORAL_TLS_CLIENT_CERT_PATH: holds no PEM certificate',
    'TEMPORAL_TLS_CLIENT_KEY_PATH: holds no PEM private key that can be opened without a passphrase',
  ]);
});

test('a printed config does not show the API key, nor does a refusal of it', () => {
  const config = parseStartConfig({ TEMPORAL_API_KEY: 'planted' });
  expect(config.temporalAccess.apiKey?.reveal()).toBe('planted');
  for (const text of [inspect(config, { depth: 5 }), JSON.stringify(config)]) {
    expect(text).not.toContain('planted');
  }
  expect(problemsOf({ TEMPORAL_API_KEY: 'planted key' })[0]).not.toContain('planted');
});
