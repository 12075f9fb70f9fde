import { createHash, randomUUID } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, version } from 'esbuild';

import { writeConsole } from '../api/web/consoleFiles.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** The page that the API serves: bundled, not compiled file by file. */
const CONSOLE = 'console';
/** The rooms that the API and the worker are made of. */
const ROOMS = [
  ...['activities', 'api', 'core', 'embedded', 'machine', 'net'],
  ...['store', 'tracing', 'vault', 'watch', 'worker', 'workflows'],
];
const UNUSED_MS = 7 * 24 * 3_600_000;

/**
 * The rooms as JavaScript, in a folder of `dist/` that is made once for each state of the sources; gives the
 * folder. A process that runs from it needs far less memory than one that compiles while it loads, and keeps its
 * code when the checkout changes under it.
 */
export async function compiledRooms(): Promise<string> {
  const files = await productFiles();
  const folder = join(DIST, await hashOf(files));
  if (!(await exists(folder))) {
    const draft = `${folder}.${randomUUID()}`;
    await compile(files, draft);
    // Another start may have been at it too: the first one's stays.
    await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }));
  }
  const now = new Date();
  await utimes(folder, now, now);
  await removeUnused();
  return folder;
}

/** Compiles the rooms into `folder`, with all that lies beside their code; for images. */
export async function compileRooms(folder: string): Promise<void> {
  await compile(await productFiles(), folder);
}

async function compile(all: readonly string[], folder: string): Promise<void> {
  const files = all.filter((file) => !file.startsWith(join(CONSOLE, '/')));
  const isCode = (file: string): boolean => /\.tsx?$/.test(file);
  await build({
    absWorkingDir: ROOT,
    entryPoints: files.filter(isCode),
    outdir: folder,
    outbase: '.',
    format: 'esm',
    platform: 'node',
    target: 'node20.11',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    logLevel: 'silent',
  });
  for (const file of files.filter((each) => !isCode(each))) {
    await cp(join(ROOT, file), join(folder, file));
  }
  await writeConsole(join(ROOT, CONSOLE), join(folder, CONSOLE));
}

/** Paths from the root, tests left out. */
async function productFiles(): Promise<string[]> {
  const found = await Promise.all(
    [...ROOMS, CONSOLE].map(async (room) => {
      const names = await readdir(join(ROOT, room), { recursive: true });
      return names
        .map((name) => join(room, name))
        .filter((name) => !/\.test\.tsx?$|\.pyc$/.test(name));
    }),
  );
  const kinds = await Promise.all(found.flat().map((path) => stat(join(ROOT, path))));
  const files = found.flat().filter((_, index) => kinds[index]?.isFile());
  return ['package.json', ...files].toSorted();
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(version);
  for (const file of files) hash.update(`\0${file}\0`).update(await readFile(join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}

/** What no start has asked for in a week. */
async function removeUnused(): Promise<void> {
  for (const name of await readdir(DIST)) {
    const path = join(DIST, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > UNUSED_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
