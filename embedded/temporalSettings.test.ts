import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, expect, test } from 'vitest';

import { testAuthority } from '../test/fixtures/certificates.js';
import { ConfigError, parseStartConfig, parseTemporalConfig } from './config.js';

const dir = mkdtempSync(join(tmpdir(), 'plinth-temporal-settings-'));
afterAll(() => rmSync(dir, { recursive: true }));

const ca = testAuthority(dir);
const client = ca.sign('client');
const other = ca.sign('other');
const CERT = { TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert };
const KEY = { TEMPORAL_TLS_CLIENT_KEY_PATH: client.key };
const CA = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert };

function problemsOf(
  env: NodeJS.ProcessEnv,
  parse: (env: NodeJS.ProcessEnv) => unknown = parseStartConfig,
): readonly string[] {
  try {
    parse(env);
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

test('a certificate in DER is none: it is read by nobody who connects', () => {
  const der = join(dir, 'ca.der');
  writeFileSync(der, new X509Certificate(readFileSync(ca.cert)).raw);
  const paths = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: der, TEMPORAL_TLS_CLIENT_CERT_PATH: der };
  expect(problemsOf({ ...KEY, ...paths })).toEqual([
    'TEMPORAL_TLS_CLIENT_CERT_PATH: holds no PEM certificate',
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH: holds no PEM certificate',
  ]);
});

test('a file that cannot even be looked for is named', () => {
  // As in a folder that is closed to us, which none is to root.
  expect(problemsOf({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(ca.cert, 'ca.pem') })).toEqual([
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH: cannot be read by the user that plinth runs as',
  ]);
});

test.each([
  ['TEMPORAL_TLS_CLIENT_CERT_DATA', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ['TEMPORAL_TLS_CLIENT_KEY_DATA', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['TEMPORAL_TLS_SERVER_CA_CERT_DATA', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', 'TEMPORAL_TLS_SERVER_NAME'],
  ['TEMPORAL_GRPC_META_AUTHORIZATION', 'TEMPORAL_API_KEY'],
])("%s, which Temporal's own programs know, is refused for %s", (name, instead) => {
  for (const parse of [parseStartConfig, parseTemporalConfig]) {
    const problems = problemsOf({ [name]: 'planted' }, parse);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: .*${instead}`));
    expect(problems[0]).not.toContain('planted');
    expect(problemsOf({ [name]: '' }, parse)).toEqual([]);
  }
});

test('who needs Temporal only is not kept from it by other settings', () => {
  const env = { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_API_KEY: 'key', ...CA };
  const others = { PLINTH_ARTIFACTS: '/no/such/bundle', PLINTH_TLS_CERT: '/no', MONGODB_URI: 'x' };
  const config = parseTemporalConfig({ ...env, ...others });
  expect(config).toMatchObject({
    temporalAddress: 'temporal:7233',
    temporalNamespace: 'default',
    temporalAccess: { tls: { serverCa: ca.cert } },
  });
  expect(problemsOf({ ...others, ...CERT }, parseTemporalConfig)).toEqual([
    'TEMPORAL_TLS_CLIENT_KEY_PATH: not set, but TEMPORAL_TLS_CLIENT_CERT_PATH is: a client certificate needs both',
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
