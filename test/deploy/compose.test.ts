import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

import { compileRooms } from '../../embedded/compile.js';
import { parseConfig } from '../../embedded/config.js';
import { COMPOSE_SCHEMA } from '../../scripts/ensureTestTools.js';

interface Service {
  image?: string;
  build?: string;
  user?: string;
  command?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  expose?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = readFileSync('Dockerfile', 'utf8');
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);

/** As root on Debian the tests fetch it: there it must not be missing. */
const schemaThere = existsSync(COMPOSE_SCHEMA);

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)('the schema is there', () => {
  expect(schemaThere).toBe(true);
});

test.runIf(schemaThere)('the compose file is valid by the compose schema', () => {
  const schema = JSON.parse(readFileSync(COMPOSE_SCHEMA, 'utf8')) as { properties: object };
  // The schema numbers its parts by `id`, as drafts before the one it names did.
  const validate = new Ajv2019({
    strict: false,
    validateFormats: false,
    validateSchema: false,
  }).compile(withoutIds(schema));
  // The one thing we use that is newer than this copy of the schema (2021).
  const { name, ...rest } = compose;
  expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
  const valid = validate(rest);
  expect(validate.errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validate({ services: { api: { imagee: 'x' } } })).toBe(false);
});

function withoutIds(value: unknown): object {
  const text = JSON.stringify(value, (key, each: unknown): unknown =>
    key === 'id' && typeof each === 'string' ? undefined : each,
  );
  return JSON.parse(text) as object;
}

test('every image is pinned to a version', () => {
  const stages = new Set([...dockerfile.matchAll(/ AS (\w+)$/gm)].map(([, name]) => name));
  const images = [
    ...services.map(([, service]) => service.image ?? ''),
    ...[...dockerfile.matchAll(/^FROM (\S+)/gm)]
      .map(([, image]) => image ?? '')
      .filter((image) => !stages.has(image)),
  ];
  for (const image of images) expect(image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
});

test('our processes do not run as root', () => {
  expect(ours.map(([name]) => name)).toEqual(['prepare-temporal', 'api', 'worker']);
  for (const [, service] of ours) expect(service.user).toBe('node');
  expect(dockerfile).toMatch(/^USER node$/m);
});

test('each entry point that a container runs is in what the image compiles', async () => {
  const scripts = [
    ...ours.flatMap(([, { command = [], healthcheck }]) => [
      ...command,
      ...(healthcheck?.test ?? []),
    ]),
    ...(/^CMD (.*)$/m.exec(dockerfile)?.[1]?.match(/[\w/]+\.js/g) ?? []),
  ].filter((word) => word.endsWith('.js'));
  expect(scripts).toContain('worker/main.js');
  expect(scripts).toContain('api/main.js');
  const folder = await mkdtemp(join(tmpdir(), 'plinth-compiled-'));
  try {
    await compileRooms(folder);
    for (const script of scripts) expect(existsSync(join(folder, script)), script).toBe(true);
    expect(existsSync(join(folder, 'console/manifest.json'))).toBe(true);
    const copied = [...dockerfile.matchAll(/^COPY (\w+) \1$/gm)].map(([, room]) => room);
    for (const room of readdirSync(folder, { withFileTypes: true })) {
      if (room.isDirectory()) expect(copied, `COPY ${room.name}`).toContain(room.name);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('whoever is waited for exists, and has a health check where its health is waited for', () => {
  for (const [, { depends_on: dependencies = {} }] of services) {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      const service = compose.services[name];
      expect(service, name).toBeDefined();
      if (condition === 'service_healthy') expect(service?.healthcheck, name).toBeDefined();
    }
  }
});

test('every named volume is declared', () => {
  const named = services.flatMap(([, { volumes = [] }]) => volumes.map((one) => one.split(':')[0]));
  expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
});

test('nothing listens beyond this host by default', () => {
  for (const [, { ports = [] }] of services) {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test("the worker's metrics are to be had inside the network, and only there", () => {
  const { environment, expose, ports } = compose.services['worker'] ?? {};
  const port = environment?.['PLINTH_METRICS']?.replace(/^0\.0\.0\.0:/, '');
  expect(expose).toEqual([port]);
  expect(ports).toBeUndefined();
  // The settings that all our containers share are the worker's, too.
  expect(environment).toMatchObject(compose.services['api']?.environment ?? {});
  expect(compose.services['api']?.environment).not.toHaveProperty('PLINTH_METRICS');
});

test('what docs/metrics.md has Prometheus scrape is where compose serves it', () => {
  const text = readFileSync('docs/metrics.md', 'utf8');
  const targets = [...text.matchAll(/targets: \['(\w+):(\d+)'\]/g)].map(([, name, port]) => [
    name,
    port,
  ]);
  expect(targets).toEqual([
    ['api', compose.services['api']?.environment?.['PLINTH_PORT'] ?? '8080'],
    ['worker', compose.services['worker']?.expose?.[0]],
  ]);
});

test('every folder of the image is there', () => {
  const folders = [...dockerfile.matchAll(/^COPY (\w+) \1$/gm)].map(([, folder]) => folder ?? '');
  expect(folders).toContain('core');
  for (const folder of folders) expect(existsSync(folder), folder).toBe(true);
});

/** What compose says itself, or what one container on one host has no use for. */
const NOT_PASSED_ON = new Set([
  'PLINTH_PORT',
  'PLINTH_KEYS',
  'PLINTH_LAB',
  'PLINTH_TEMPORAL_METRICS',
  'PLINTH_CACHE',
  'TEMPORAL_NAMESPACE',
]);

test('every setting of the README reaches the API and the worker, and is its default where it is not set', () => {
  const rows = readFileSync('README.md', 'utf8').matchAll(/^\| (`[^|]+`) \|/gm);
  const settings = [...rows]
    .flatMap(([, names = '']) => [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name))
    .filter((name) => !NOT_PASSED_ON.has(name));
  expect(settings).toEqual(expect.arrayContaining(['PLINTH_DRAIN_MINUTES', 'PLINTH_LOG_MB']));
  for (const service of ['api', 'worker']) {
    const { environment = {} } = compose.services[service]!;
    const wanted = settings.filter((name) => service === 'worker' || name !== 'PLINTH_METRICS');
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(wanted));
    const unset = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, asUnset(name, value)]),
    );
    const { renewDays, drainMinutes, logs, requestsPerSecond } = parseConfig(unset);
    const defaults = parseConfig({ TEMPORAL_ADDRESS: 'a:1', MONGODB_URI: 'mongodb://a' });
    expect({ renewDays, drainMinutes, logs, requestsPerSecond }).toEqual({
      ...{ renewDays: defaults.renewDays, drainMinutes: defaults.drainMinutes },
      ...{ logs: defaults.logs, requestsPerSecond: defaults.requestsPerSecond },
    });
  }
});

test('docs/production.md names the settings that compose passes on from the shell, and no other', () => {
  const text = readFileSync('docs/production.md', 'utf8');
  const sentence = /Of the \[settings\].*?Others go/s.exec(text)?.[0] ?? '';
  const told = [...sentence.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name);
  const passed = Object.entries(compose.services['worker']?.environment ?? {})
    .filter(([, value]) => value.includes('${'))
    .map(([name]) => name);
  expect(told.toSorted()).toEqual(passed.toSorted());
});

/** What compose makes of `${NAME:-default}` in a shell that has set nothing but the key, which it insists on. */
function asUnset(name: string, value: string): string {
  if (name === 'PLINTH_MASTER_KEY') return Buffer.alloc(32).toString('base64');
  return value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
}
