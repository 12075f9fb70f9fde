import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { choosePorts } from './ports.js';

const HOST = '127.0.0.1';
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-ports-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('the next start gets the same ports', async () => {
  const first = await choosePorts(dataDir, HOST);
  expect(await choosePorts(dataDir, HOST)).toEqual(first);
});

test('a port that somebody else took meanwhile is replaced, the others stay', async () => {
  const first = await choosePorts(dataDir, HOST);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(first.mongo, HOST, resolve));
  try {
    const second = await choosePorts(dataDir, HOST);
    expect(second.mongo).not.toBe(first.mongo);
    expect(second.temporal).toBe(first.temporal);
  } finally {
    other.close();
  }
});

test('a damaged file is replaced', async () => {
  await writeFile(join(dataDir, 'ports.json'), '{');
  const ports = await choosePorts(dataDir, HOST);
  expect(new Set(Object.values(ports)).size).toBe(3);
});
