import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startMongo } from '../embedded/mongo.js';
import type { EmbeddedMongo } from '../embedded/mongo.js';
import { identify } from '../embedded/processIdentity.js';
import { applyTo, desired, project } from '../test/store/desired.js';
import { createStore } from './store.js';
import type { Store } from './types.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const host = '127.0.0.1';
let dataDir: string;
let server: EmbeddedMongo;
const stores: Store[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-store-'));
  server = await startMongo({ dataDir, host });
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(uri = server.uri): Promise<Store> {
  const store = await createStore({ uri });
  stores.push(store);
  return store;
}

async function stopped(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!/^State:\tT/m.test(await readFile(`/proc/${String(pid)}/status`, 'utf8'))) {
    if (Date.now() > deadline) throw new Error('the server does not stop');
    await delay(20);
  }
}

async function kill(): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  const deadline = Date.now() + 10_000;
  while ((await identify(server.pid)) !== undefined) {
    if (Date.now() > deadline) throw new Error('the server does not end');
    await delay(20);
  }
}

test('nothing that was acknowledged is lost by kill -9 of the server in the middle of writes', async () => {
  const store = await open();
  const apply = applyTo(store);
  const acknowledged: string[] = [];
  const writers = [0, 1, 2, 3].map(async (writer) => {
    for (let n = 0; ; n++) {
      const name = `c-${String(writer)}-${String(n)}`;
      await apply(name);
      acknowledged.push(name);
    }
  });
  const ended = Promise.allSettled(writers);
  while (acknowledged.length < 40) await delay(5);
  await kill();
  await ended;
  server = await startMongo({ dataDir, host });
  const after = await open();
  const { items } = await after.clusters.list(project, { limit: 10_000, offset: 0 });
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(acknowledged));
  expect(items[0]?.desired).toEqual(desired(items[0]?.name ?? ''));
});

test('several processes may open a fresh database at once', async () => {
  const [first] = await Promise.all([open(), open(), open(), open()]);
  await expect(first.ping()).resolves.toBeUndefined();
});

test('the database is the one that the URI names, else plinth', async () => {
  const named = await open(server.uri.replace('/?', '/other?'));
  await named.projects.create({ name: 'only-there' });
  const plain = await open();
  expect(await plain.projects.get('only-there')).toBeUndefined();
  const explicit = await createStore({ uri: server.uri, database: 'other' });
  stores.push(explicit);
  expect(await explicit.projects.get('only-there')).toBeDefined();
});

test('a server that is gone is an Internal, retryable error of ping and of every call', async () => {
  const store = await open();
  await kill();
  const started = Date.now();
  await expect(store.ping()).rejects.toMatchObject({ code: 'Internal', retryable: true });
  expect(Date.now() - started).toBeLessThan(3_000);
  await expect(store.clusters.get(project, 'x')).rejects.toMatchObject({
    ...{ code: 'Internal', retryable: true },
    message: expect.stringMatching(/database \(MongoDB\)/) as string,
  });
});

test.runIf(process.platform === 'linux')(
  'a server that hangs fails the ping within three seconds',
  async () => {
    const store = await open();
    process.kill(server.pid, 'SIGSTOP');
    try {
      await stopped(server.pid);
      const started = Date.now();
      await expect(store.ping()).rejects.toMatchObject({ code: 'Internal' });
      expect(Date.now() - started).toBeLessThan(3_000);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  },
);

test('a store works again when its server is back', async () => {
  const store = await open();
  await kill();
  const port = Number(new URL(server.uri).port);
  server = await startMongo({ dataDir, host, port });
  await expect(store.projects.create({ name: 'back' })).resolves.toMatchObject({ name: 'back' });
});

test('no error shows the password of the URI', async () => {
  await kill();
  const uri = server.uri.replace('//', '//plinth:hunter2@');
  for (const bad of [
    uri,
    'mongodb://plinth:hunter2@',
    'http://plinth:hunter2@db',
    `${uri}&w=x y`,
  ]) {
    const error: unknown = await createStore({ uri: bad }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain('hunter2');
  }
});
