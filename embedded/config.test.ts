import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import { ConfigError, parseApiConfig, parseConfig, parseStartConfig } from './config.js';

const SERVERS = { TEMPORAL_ADDRESS: '127.0.0.1:7233', MONGODB_URI: 'mongodb://127.0.0.1:27017' };

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('without any setting it listens on the loopback address and keeps its data in .plinth', () => {
  expect(parseStartConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    data: resolve('.plinth'),
    keys: resolve('.plinth/ssh-keys'),
    url: 'http://127.0.0.1:8080',
    artifacts: 'online',
    temporalNamespace: 'default',
    requestsPerSecond: 2000,
    logs: { days: 90, bytesPerCluster: 268_435_456 },
    renewDays: 30,
    drainMinutes: 10,
    metrics: { worker: undefined, temporal: undefined },
    tracing: false,
  });
});

test.each([
  [true, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }],
  [true, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector:4318/v1/traces' }],
  [true, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'console,otlp' }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'TRUE' }],
  // For other programs of the same computer.
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
])("traces are sent (%s) as OpenTelemetry's variables say: %j", (wanted, env) => {
  expect(parseStartConfig(env).tracing).toBe(wanted);
});

test('a protocol that plinth does not speak is refused where traces are wanted', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  expect(problemsOf(() => parseStartConfig(env))).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL: not `http\/protobuf`.*port 4318/),
  ]);
});

test('metrics are served where HOST:PORT says, IPv6 in brackets', () => {
  const env = { PLINTH_METRICS: '[::1]:9464', PLINTH_TEMPORAL_METRICS: '10.0.0.1:9465' };
  expect(parseStartConfig(env).metrics).toEqual({
    worker: { host: '::1', port: 9464 },
    temporal: { host: '10.0.0.1', port: 9465 },
  });
});

test('the key folder follows the data folder unless it is set', () => {
  expect(parseStartConfig({ PLINTH_DATA: '/srv/p' }).keys).toBe('/srv/p/ssh-keys');
  expect(parseStartConfig({ PLINTH_DATA: '/srv/p', PLINTH_KEYS: '/k' }).keys).toBe('/k');
});

test("Temporal's Web UI is linked to where it is set, and has no slash at the end", () => {
  expect(parseStartConfig({}).temporalUiUrl).toBeUndefined();
  const { temporalUiUrl } = parseStartConfig({ TEMPORAL_UI_URL: 'https://t.example.com/ui/' });
  expect(temporalUiUrl).toBe('https://t.example.com/ui');
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'not an http or https URL'],
  ['PLINTH_PORT', '80a', 'not a port number'],
  ['PLINTH_PORT', '0', 'not a port number (1-65535)'],
  ['PLINTH_PORT', '70000', 'not a port number (1-65535)'],
  ['PLINTH_HOST', 'a b', 'not a host name or IP address'],
  ['PLINTH_URL', 'ftp://x', 'not an http or https URL'],
  ['PLINTH_RATE_LIMIT', '-1', 'not a number of requests a second'],
  ['PLINTH_LOG_DAYS', '0', 'not a number of days'],
  ['PLINTH_LOG_MB', '1.5', 'not a number of MiB'],
  ['PLINTH_RENEW_DAYS', '0', 'not a number of days from 1 to 300'],
  ['PLINTH_RENEW_DAYS', '365', 'not a number of days from 1 to 300'],
  ['PLINTH_RENEW_DAYS', 'a month', 'not a number of days from 1 to 300'],
  ['PLINTH_DRAIN_MINUTES', '0', 'not a number of minutes from 1 to 120'],
  ['PLINTH_DRAIN_MINUTES', '121', 'not a number of minutes from 1 to 120'],
  ['PLINTH_DRAIN_MINUTES', '90s', 'not a number of minutes from 1 to 120'],
  ['PLINTH_METRICS', '9464', 'not HOST:PORT'],
  ['PLINTH_TEMPORAL_METRICS', '127.0.0.1:70000', 'not a port number (1-65535)'],
  ['PLINTH_ARTIFACTS', '/no/such/bundle', 'no folder /no/such/bundle'],
  ['PLINTH_CODEC', 'on', 'not available yet'],
  ['PLINTH_CODEC', 'yes', 'not `off`'],
  ['TEMPORAL_ADDRESS', 'localhost', 'not HOST:PORT'],
  ['TEMPORAL_UI_URL', 'temporal:8233', 'not an http or https URL'],
  ['TEMPORAL_UI_URL', 'http://me:pw@temporal:8233', 'holds a user or password'],
  ['MONGODB_URI', 'http://x', 'not a mongodb://'],
])('%s=%s is refused by name and reason', (name, value, reason) => {
  const problems = problemsOf(() => parseStartConfig({ [name]: value }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`${name}: `);
  expect(problems[0]).toContain(reason);
});

test.each(['PLINTH_URL', 'PLINTH_ARTIFACTS'])('%s with a password is refused, unquoted', (name) => {
  const [problem] = problemsOf(() => parseStartConfig({ [name]: 'https://me:hunter2@mirror' }));
  expect(problem).toMatch(new RegExp(`^${name}: holds a user or password`));
  expect(problem).not.toContain('hunter2');
  expect(problemsOf(() => parseStartConfig({ [name]: 'https://mirror/me:x@y' }))).toEqual([]);
});

test('all bad values are named at once', () => {
  const problems = problemsOf(() => parseStartConfig({ PLINTH_PORT: 'x', PLINTH_CODEC: 'on' }));
  expect(problems.map((line) => line.split(':')[0])).toEqual(['PLINTH_PORT', 'PLINTH_CODEC']);
});

test('a certificate without its key is refused', () => {
  const cert = join(mkdtempSync(join(tmpdir(), 'plinth-config-')), 'cert.pem');
  writeFileSync(cert, 'x');
  expect(problemsOf(() => parseStartConfig({ PLINTH_TLS_CERT: cert }))).toEqual([
    'PLINTH_TLS_KEY: not set, but PLINTH_TLS_CERT is: TLS needs both',
  ]);
});

test('a certificate that is not there is refused', () => {
  const tls = { PLINTH_TLS_CERT: '/no/such.pem', PLINTH_TLS_KEY: '/no/such.pem' };
  for (const parse of [parseStartConfig, parseApiConfig]) {
    expect(problemsOf(() => parse({ ...SERVERS, ...tls }))).toEqual([
      'PLINTH_TLS_CERT: no such file',
      'PLINTH_TLS_KEY: no such file',
    ]);
  }
  // The worker has no use for it, nor perhaps the right to see it.
  expect(problemsOf(() => parseConfig({ ...SERVERS, ...tls }))).toEqual([]);
});

test('a bundle in a folder that cannot be looked into is refused by name', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'plinth-config-')), 'file');
  writeFileSync(file, 'x');
  expect(problemsOf(() => parseStartConfig({ PLINTH_ARTIFACTS: join(file, 'bundle') }))).toEqual([
    expect.stringMatching(/^PLINTH_ARTIFACTS: .*that plinth may enter/),
  ]);
});

test('the API and the worker need to know both servers', () => {
  expect(parseConfig(SERVERS)).toMatchObject({ temporalAddress: '127.0.0.1:7233' });
  const problems = problemsOf(() => parseConfig({}));
  expect(problems.map((line) => line.split(':')[0])).toEqual(['TEMPORAL_ADDRESS', 'MONGODB_URI']);
});

test('an empty value counts as unset', () => {
  expect(parseStartConfig({ PLINTH_PORT: '', MONGODB_URI: '' })).toMatchObject({ port: 8080 });
});

test('a printed config shows neither the master key nor the database password', () => {
  const config = parseConfig({
    ...SERVERS,
    MONGODB_URI: 'mongodb://me:hunter2@db/x',
    PLINTH_MASTER_KEY: 'planted',
  });
  for (const text of [inspect(config), JSON.stringify(config)]) {
    expect(text).not.toMatch(/hunter2|planted/);
    expect(text).toContain('[secret]');
  }
  expect(config.masterKey?.reveal()).toBe('planted');
});
