import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

/** The kernel's and the boot's own; nothing in them outlives a reboot. */
const VOLATILE = new Set(['/proc', '/sys', '/dev', '/run', '/var/log/journal']);
/** systemd gives these a new random name at each start of a service. */
const PRIVATE_TMP = /^\/(var\/)?tmp\/systemd-private-/;

/**
 * All files of a machine, each with type, mode, owner, size and sha256.
 *
 * @param root the machine's root as the host sees it, with its mounts
 * @param baseSums sums of the base's files, to spare hashing what the machine never touched
 * @param upper the layer that holds what the machine did touch
 */
export async function snapshotFiles(
  root: string,
  baseSums: string,
  upper: string,
): Promise<Record<string, string>> {
  const known = readSums(baseSums);
  const found: Record<string, string> = {};
  const pending = ['/'];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const name of list(join(root, dir))) {
      const path = join(dir, name);
      if (VOLATILE.has(path) || PRIVATE_TMP.test(path)) continue;
      const file = join(root, path);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (stat.isDirectory()) pending.push(path);
      const sum = existsSync(join(upper, path)) ? undefined : known.get(path);
      found[path] = describe(file, stat, sum);
    }
    // A walk over a machine full of images must not hold up whoever waits for it.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

function describe(file: string, stat: Stats, knownSum: string | undefined): string {
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  const owner = `${stat.uid}:${stat.gid}`;
  if (stat.isSymbolicLink()) return `link ${owner} -> ${readlinkSync(file)}`;
  if (stat.isDirectory()) return `directory ${mode} ${owner}`;
  if (!stat.isFile()) return `special ${mode} ${owner} ${stat.rdev}`;
  return `file ${mode} ${owner} ${stat.size} ${knownSum ?? sumOf(file)}`;
}

function sumOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'gone';
  }
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function readSums(file: string): Map<string, string> {
  const sums = new Map<string, string>();
  if (!existsSync(file)) return sums;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    // A backslash marks a name that sha256sum had to escape; that one is hashed again.
    if (line !== '' && !line.startsWith('\\')) sums.set(line.slice(67), line.slice(0, 64));
  }
  return sums;
}
