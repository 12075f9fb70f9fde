import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheFolder } from '../embedded/pythonTools.js';
import { goTools } from '../lab/build/goTools.js';
import { run } from '../lab/run.js';

const MODULE = fileURLToPath(new URL('../test/collector/', import.meta.url));

/** Whether this computer can build one: the Go that is fetched where there is none is for Linux on amd64. */
export function mayHaveCollector(): boolean {
  return process.platform === 'linux' && process.arch === 'x64';
}

/**
 * The path of an OpenTelemetry Collector (OTLP in, a file out), built on first use from the Go modules that
 * test/collector names: one to three minutes, once for each state of them.
 * @throws Error with what Go said where it cannot be built.
 */
export async function ensureCollector(
  say: (line: string) => void = () => undefined,
): Promise<string> {
  const path = join(cacheFolder(), `otelcol-${await sourcesHash()}`);
  if (existsSync(path)) return path;
  say('plinth: building an OpenTelemetry Collector (one to three minutes, once) …');
  await mkdir(cacheFolder(), { recursive: true });
  // Go's modules and objects are a gigabyte, and nothing else needs them.
  const folder = await mkdtemp(join(cacheFolder(), 'otelcol-build-'));
  try {
    const { go, env } = await goTools({ cache: folder }, say);
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
    const built = join(folder, 'otelcol');
    await run(go, ['build', ...flags, '-o', built, '.'], {
      cwd: MODULE,
      // Modules that can be removed again.
      env: { ...env, GOFLAGS: '-mod=readonly -modcacherw' },
    });
    // Whole or not at all; another process may have been faster.
    await rename(built, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum'])
    hash.update(await readFile(join(MODULE, name)));
  return hash.digest('hex').slice(0, 12);
}
