import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../paths.js';
import { run, tryRun } from '../run.js';
import { GO_TOOLCHAIN } from '../versions.js';

/** How to call Go: the command and an environment in which the same input gives the same bytes. */
export interface GoTools {
  readonly go: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The host's Go, or the pinned one, downloaded once from the module proxy that GOPROXY names.
 *
 * @throws Error saying what to install or set where there is neither.
 */
export async function goTools(
  paths: Pick<LabPaths, 'cache'>,
  log: (line: string) => void,
): Promise<GoTools> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    CGO_ENABLED: '0',
    GOOS: 'linux',
    GOARCH: 'amd64',
    GOWORK: 'off',
    GOTOOLCHAIN: 'auto',
    GOCACHE: join(paths.cache, 'gocache'),
    GOMODCACHE: join(paths.cache, 'gomod'),
  };
  for (const go of ['go', '/usr/local/go/bin/go']) {
    // Older ones cannot fetch the newer toolchain that a module asks for.
    const found = await tryRun(go, ['env', 'GOVERSION'], { env, cwd: '/' }).catch(() => undefined);
    const minor = /^go1\.(\d+)/.exec(found?.stdout ?? '')?.[1];
    if (minor !== undefined && Number(minor) >= 21) return { go, env };
  }
  return { go: await download(paths, log), env };
}

async function download(
  paths: Pick<LabPaths, 'cache'>,
  log: (line: string) => void,
): Promise<string> {
  const dir = join(paths.cache, 'toolchain');
  const go = join(dir, `golang.org/toolchain@${GO_TOOLCHAIN}`, 'bin/go');
  if (existsSync(go)) return go;
  const proxy = (process.env['GOPROXY'] ?? '')
    .split(/[,|]/)
    .find((part) => part.startsWith('http'));
  if (proxy === undefined) {
    throw new Error(
      'this host has no Go 1.21 or newer: install it, or name a module proxy in GOPROXY',
    );
  }
  const url = `${proxy}/golang.org/toolchain/@v/${GO_TOOLCHAIN}.zip`;
  log(`this host has no Go: downloading ${GO_TOOLCHAIN}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sum = createHash('sha256').update(bytes).digest('hex');
  log(`toolchain ${bytes.length} bytes, sha256 ${sum}`);
  const unpacked = `${dir}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  writeFileSync(join(unpacked, 'go.zip'), bytes);
  // Python is on every machine that this project asks for; unzip is not.
  await run('python3', ['-m', 'zipfile', '-e', join(unpacked, 'go.zip'), unpacked]);
  rmSync(join(unpacked, 'go.zip'));
  // A module's zip carries no modes.
  await run('chmod', ['-R', '+x', ...toolDirs(unpacked)]);
  rmSync(dir, { recursive: true, force: true });
  renameSync(unpacked, dir);
  return go;
}

function toolDirs(root: string): string[] {
  const home = join(root, `golang.org/toolchain@${GO_TOOLCHAIN}`);
  return [join(home, 'bin'), join(home, 'pkg/tool')];
}

/** Reads one module's directory in the module cache, downloading it when it is not there. */
export async function moduleDir(tools: GoTools, module: string, cwd: string): Promise<string> {
  const json = await run(tools.go, ['mod', 'download', '-json', module], { env: tools.env, cwd });
  return (JSON.parse(json) as { Dir: string }).Dir;
}

/** A file of the module cache, as text. */
export function moduleFile(dir: string, path: string): string {
  return readFileSync(join(dir, path), 'utf8');
}
