import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { choosePort } from './ports.js';

const HOST = '127.0.0.1';
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-ports-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('the next start gets the same port', async () => {
  const first = await choosePort(dataDir, 'mongo', HOST);
  expect(await choosePort(dataDir, 'mongo', HOST)).toBe(first);
});

test('a port that somebody else took meanwhile is replaced, the others stay', async () => {
  const temporal = await choosePort(dataDir, 'temporal', HOST);
  const mongo = await choosePort(dataDir, 'mongo', HOST);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(mongo, HOST, resolve));
  try {
    expect(await choosePort(dataDir, 'mongo', HOST)).not.toBe(mongo);
    expect(await choosePort(dataDir, 'temporal', HOST)).toBe(temporal);
  } finally {
    other.close();
  }
});

test('a damaged file is replaced', async () => {
  await writeFile(join(dataDir, 'ports.json'), '{');
  const port = await choosePort(dataDir, 'mongo', HOST);
  expect(await choosePort(dataDir, 'mongo', HOST)).toBe(port);
});
