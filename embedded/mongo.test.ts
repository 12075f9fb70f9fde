import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startMongo } from './mongo.js';
import type { EmbeddedMongo } from './mongo.js';
import { identify, isRunning } from './processIdentity.js';

// Servers start in under a second on an idle computer, and not in five on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const host = '127.0.0.1';
let dataDir: string;
let running: EmbeddedMongo[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-mongo-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedMongo> {
  const server = await startMongo({ dataDir, host });
  running.push(server);
  return server;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await delay(20);
  }
}

async function withItems<T>(
  uri: string,
  use: (items: ReturnType<ReturnType<MongoClient['db']>['collection']>) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  try {
    return await use(client.db('t').collection('items'));
  } finally {
    await client.close();
  }
}

test('a document outlives the stop of the server and its next start', async () => {
  const first = await start();
  await withItems(first.uri, (items) => items.insertOne({ name: 'kept' }));
  await first.stop();
  const second = await start();
  expect(await withItems(second.uri, (items) => items.countDocuments({ name: 'kept' }))).toBe(1);
});

test('the last acknowledged write survives kill -9 of the server', async () => {
  const first = await start();
  await withItems(first.uri, async (items) => {
    for (let n = 0; n < 50; n++) await items.insertOne({ n });
    process.kill(first.pid, 'SIGKILL');
  });
  await until(async () => (await identify(first.pid)) === undefined, 'the end of the server');
  const second = await start();
  expect(await withItems(second.uri, (items) => items.countDocuments({}))).toBe(50);
});

test('a directory that a living owner serves is refused by the name of its process', async () => {
  await start();
  await expect(startMongo({ dataDir, host })).rejects.toMatchObject({
    code: 'Conflict',
    message: expect.stringContaining(String(process.pid)) as string,
  });
});

test('stop ends the process and forgets its pid', async () => {
  const server = await start();
  const identity = await identify(server.pid);
  await server.stop();
  expect(identity && (await isRunning(identity))).toBe(false);
  await expect(readFile(join(dataDir, 'mongo.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a port that is taken is refused by its number', async () => {
  const server = await start();
  const port = Number(new URL(server.uri).port);
  const other = await mkdtemp(join(tmpdir(), 'plinth-mongo-'));
  try {
    await expect(startMongo({ dataDir: other, host, port })).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining(`port ${String(port)}`) as string,
    });
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});
