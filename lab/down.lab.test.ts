import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machinesWithCgroups } from './cgroups.js';
import { claimForTests } from './claimForTests.js';
import { labDown, labUp } from './lab.js';
import { machinesWithNetwork } from './network.js';
import { labPaths } from './paths.js';
import { run } from './run.js';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

async function left(): Promise<unknown> {
  return {
    cgroups: machinesWithCgroups(),
    networks: await machinesWithNetwork(),
    bridge: /plinthbr0/.test(await run('ip', ['-o', 'link'])),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(labPaths().machines)),
  };
}

const NOTHING = { cgroups: [], networks: [], bridge: false, mounts: [] };

let release: (() => void) | undefined;
beforeAll(() => {
  release = claimForTests();
});
afterAll(async () => {
  // Runs after a refused claim, too: then the machines are not ours to touch.
  if (release === undefined) return;
  // Other test files find their machines again.
  await labUp(3, { bare: true });
  release();
}, 120_000);

test('down leaves no cgroup, network, bridge or mount', { timeout: 120_000 }, async () => {
  const inotify = () => readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8');
  await labDown({ purge: true });
  const before = inotify();
  await labUp(3, { bare: true });
  await labDown();
  expect(await left()).toEqual(NOTHING);
  expect(inotify()).toBe(before);
});

test('down cleans up after an up that was killed half-way', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'up', '3'], { stdio: 'ignore' });
  const deadline = Date.now() + 30_000;
  while (machinesWithCgroups().length === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(machinesWithCgroups()).not.toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'close');
  await labDown({ purge: true });
  expect(await left()).toEqual(NOTHING);
});

test('up takes over what a killed up left', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'up', '3'], { stdio: 'ignore' });
  const deadline = Date.now() + 30_000;
  while (machinesWithCgroups().length === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGKILL');
  await once(child, 'close');
  const { machines } = await labUp(3);
  expect(machines).toHaveLength(3);
});
