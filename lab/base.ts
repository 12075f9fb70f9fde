import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machinesWithCgroups } from './cgroups.js';
import { hostEnv } from './host.js';
import type { LabPaths } from './paths.js';
import { run } from './run.js';

const RECIPE = fileURLToPath(new URL('base/', import.meta.url));

/**
 * The mirror that this host itself installs from when it is a Debian; elsewhere the one that is named.
 *
 * @throws Error saying what to set where there is neither.
 */
export function debianMirror(): string {
  const named = process.env['PLINTH_DEBIAN_MIRROR'];
  if (named !== undefined && named !== '') return named;
  const file = '/etc/apt/sources.list.d/debian.sources';
  const uri = existsSync(file)
    ? /^URIs:\s*(\S+\/debian)\/?$/m.exec(readFileSync(file, 'utf8'))
    : null;
  if (uri?.[1] !== undefined) return uri[1];
  throw new Error('this host is no Debian: name a Debian mirror in PLINTH_DEBIAN_MIRROR');
}

/** A hash of what the base is made from: a changed recipe makes a new base. */
export function baseInputs(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(RECIPE).sort())
    hash.update(name).update(readFileSync(join(RECIPE, name)));
  return hash.digest('hex');
}

/** Makes the machines' shared root file system when it is missing or its recipe has changed. */
export async function ensureBase(paths: LabPaths, log: (line: string) => void): Promise<void> {
  const stamp = `${paths.base}.inputs`;
  const inputs = baseInputs();
  if (existsSync(paths.base) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;
  if (machinesWithCgroups().length > 0) {
    throw new Error('the base has changed while machines run on it: npm run lab -- down --purge');
  }
  const started = Date.now();
  log('making the base: Debian 12');
  mkdirSync(paths.cache, { recursive: true });
  await run('bash', [join(RECIPE, 'make-base.sh'), paths.base, debianMirror()], { env: hostEnv() });
  // Disks are layers over the base they were made on.
  await run('rm', ['-rf', '--one-file-system', paths.machines]);
  writeFileSync(stamp, inputs);
  log(`base made in ${Math.round((Date.now() - started) / 1000)} s`);
}
