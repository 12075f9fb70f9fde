import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { identify, isRunning } from './processIdentity.js';
import type { ProcessIdentity } from './processIdentity.js';
import { startServerProcess } from './serverProcess.js';

// Servers start in under a second on an idle computer, and not in five on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LEASH = fileURLToPath(new URL('./leash.py', import.meta.url));
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-server-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await delay(20);
  }
}

async function identityOf(pid: number | undefined): Promise<ProcessIdentity> {
  const identity = pid === undefined ? undefined : await identify(pid);
  if (!identity) throw new Error('no such process');
  return identity;
}

test('a server ends when the process that started it is gone', async () => {
  // The pipe of the leash is all that ties the two: closing our end is what any death of ours does.
  const server = spawn('python3', [LEASH, 'sleep', '600'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const identity = await identityOf(server.pid);
  server.stdin.destroy();
  await until(async () => !(await isRunning(identity)), 'the end of the server');
});

test('a server that a killed owner left behind is stopped before the next starts', async () => {
  const left = spawn('sleep', ['600'], { stdio: 'ignore' });
  const server = await identityOf(left.pid);
  const owner = { pid: process.pid, started: 'before the last boot' };
  await writeFile(join(dataDir, 'nap.pid'), JSON.stringify({ process: server, owner }));
  const next = await startServerProcess({
    name: 'nap',
    dataDir,
    command: ['sleep', '600'],
    ready: () => Promise.resolve(),
  });
  try {
    expect(await isRunning(server)).toBe(false);
    const written = JSON.parse(await readFile(join(dataDir, 'nap.pid'), 'utf8')) as unknown;
    expect(written).toMatchObject({ process: { pid: next.pid }, owner: { pid: process.pid } });
  } finally {
    await next.stop();
  }
});

test('a process that got the pid of an earlier server by chance is left alone', async () => {
  const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
  const { pid, started } = await identityOf(bystander.pid);
  const owner = { pid: 1, started: '0' };
  await writeFile(
    join(dataDir, 'nap.pid'),
    JSON.stringify({ process: { pid, started: `${started}0` }, owner }),
  );
  const next = await startServerProcess({
    name: 'nap',
    dataDir,
    command: ['sleep', '600'],
    ready: () => Promise.resolve(),
  });
  try {
    expect(await isRunning({ pid, started })).toBe(true);
  } finally {
    await next.stop();
    bystander.kill('SIGKILL');
  }
});

test('a server that ends before it is ready fails with the last lines of its log', async () => {
  await expect(
    startServerProcess({
      name: 'broken',
      dataDir,
      command: ['sh', '-c', 'echo no space left; exit 3'],
      ready: () => Promise.reject(new Error('refused')),
    }),
  ).rejects.toMatchObject({
    code: 'Internal',
    message: expect.stringContaining('no space left') as string,
  });
});
