import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile, mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ensurePythonTools } from './pythonTools.js';

// Servers start in under a second on an idle computer, and not in five on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const INSTALLER = fileURLToPath(new URL('./installTools.py', import.meta.url));
const run = promisify(execFile);
let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'plinth-tools-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

test('the three executables run', async () => {
  const tools = await ensurePythonTools();
  expect((await run(tools.temporal, ['--version'])).stdout).toContain('temporal version');
  expect((await run(tools.secantusd, ['--help'])).stdout).toContain('--sync-on-commit');
  expect((await stat(tools.temporalTestServer)).mode & 0o111).not.toBe(0);
});

test('what a killed install left is thrown away and made again', async () => {
  const directory = join(cache, 'tools');
  await mkdir(join(directory, 'bin'), { recursive: true });
  await writeFile(join(directory, 'bin/half'), 'written');
  // pip itself is a requirement that needs no download.
  await run('python3', [INSTALLER, directory, 'pip']);
  await expect(stat(join(directory, 'bin/half'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readFile(join(directory, 'complete'), 'utf8')).toBe('pip\n');
});

test('a missing python3 is named, with the way around it', async () => {
  const path = process.env.PATH;
  process.env.PATH = cache;
  try {
    await expect(ensurePythonTools({ cacheDir: cache })).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringMatching(/no python3 on the PATH.*MONGODB_URI/s) as string,
    });
  } finally {
    process.env.PATH = path;
  }
});
