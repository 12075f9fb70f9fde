import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabPaths } from '../paths.js';
import { run } from '../run.js';
import type { GoTools } from './goTools.js';
import { versionSettings } from './modules.js';

/** What a build step works with. */
export interface BuildContext {
  readonly paths: LabPaths;
  readonly tools: GoTools;
  readonly log: (line: string) => void;
}

export interface Program {
  /** The folder below lab/modules. */
  readonly module: string;
  readonly version: string;
  readonly packages: readonly string[];
  /** Linker settings; left out: those that its module is known by. */
  readonly settings?: readonly string[];
}

/** The folder that a frozen module lies in. */
export function frozenModule(name: string): string {
  return fileURLToPath(new URL(`../modules/${name}/`, import.meta.url));
}

/** A hash of a frozen module's files: the same hash builds the same bytes. */
export function moduleInputs(name: string): string {
  const hash = createHash('sha256').update(name);
  for (const file of files(frozenModule(name)).sort()) {
    hash.update(file).update(readFileSync(join(frozenModule(name), file)));
  }
  return hash.digest('hex');
}

/**
 * Builds a module's programs in one call, unless the cache has them.
 *
 * @returns the folder with the binaries.
 */
export async function buildPrograms(context: BuildContext, program: Program): Promise<string> {
  const { paths, tools, log } = context;
  const kind = program.module.replace(/-v\d.*/, '');
  const settings = program.settings ?? versionSettings(kind, program.version);
  const key = createHash('sha256')
    .update(JSON.stringify([moduleInputs(program.module), program.packages, settings]))
    .digest('hex');
  const out = join(paths.cache, 'bin', `${program.module}-${key.slice(0, 16)}`);
  if (existsSync(out)) return out;
  const started = Date.now();
  log(`building ${program.module} …`);
  const unfinished = `${out}.unfinished`;
  mkdirSync(unfinished, { recursive: true });
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false'];
  const linker = ['-s', '-w', ...settings.flatMap((setting) => ['-X', setting])].join(' ');
  const args = ['build', ...flags, '-ldflags', linker, '-o', `${unfinished}/`, ...program.packages];
  // -buildvcs and -mod may also stand in the caller's GOFLAGS: ours alone count.
  const env = { ...tools.env, GOFLAGS: '' };
  await run(tools.go, args, { env, cwd: frozenModule(program.module) });
  renameSync(unfinished, out);
  log(`built ${program.module} in ${Math.round((Date.now() - started) / 1000)} s`);
  return out;
}

function files(dir: string, below = ''): string[] {
  return readdirSync(join(dir, below)).flatMap((name) => {
    const path = join(below, name);
    return statSync(join(dir, path)).isDirectory() ? files(dir, path) : [path];
  });
}
