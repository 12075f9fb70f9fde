// Plain JavaScript: it is loaded before there is anything that reads TypeScript.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Beside what it says about itself: which files it was made of, and how they were then. */
const FOLDER = join(ROOT, 'dist', 'cli');
const STAMP = 'inputs.json';
const UNUSED_MS = 24 * 3_600_000;

/** `main.js` of the bundled command line, where it is made of the sources as they are; else undefined. */
export function currentBundle() {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(join(FOLDER, STAMP), 'utf8'));
    for (const [path, mtimeMs, size] of inputs) {
      const found = statSync(join(ROOT, path));
      if (found.mtimeMs !== mtimeMs || found.size !== size) return undefined;
    }
    return join(FOLDER, folder, 'main.js');
  } catch {
    return undefined;
  }
}

/**
 * Bundles the command line into `dist/cli`; gives its `main.js`. What only some commands need lies in files of its own,
 * read when they run. Another start that bundles at the same moment makes one of its own.
 */
export async function bundleCli() {
  const folder = randomUUID();
  const { metafile } = await compileCli(join(FOLDER, folder));
  const inputs = [...Object.keys(metafile.inputs), 'package.json'].map((path) => {
    const { mtimeMs, size } = statSync(join(ROOT, path));
    return [path, mtimeMs, size];
  });
  const draft = join(FOLDER, `${STAMP}.${folder}`);
  writeFileSync(draft, JSON.stringify({ folder, inputs }));
  renameSync(draft, join(FOLDER, STAMP));
  removeOld(folder);
  return join(FOLDER, folder, 'main.js');
}

/** The bundled command line in `folder`, as its `main.js` and what that reads; gives what esbuild says of it. */
export async function compileCli(folder) {
  const { build } = await import('esbuild');
  return build(cliOptions(folder));
}

/** Of sources that were: not at once, because a process that began with one may yet load a part of it. */
function removeOld(current) {
  for (const name of readdirSync(FOLDER)) {
    if (name === current || name === STAMP) continue;
    const path = join(FOLDER, name);
    if (Date.now() - statSync(path).mtimeMs > UNUSED_MS) rmSync(path, { recursive: true });
  }
}

/** How esbuild makes the command line of the sources. */
function cliOptions(outdir) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return {
    absWorkingDir: ROOT,
    entryPoints: ['cli/main.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.11',
    // commander and yaml are CommonJS, which asks for Node's modules by `require`.
    banner: {
      js: "import { createRequire as _createRequire } from 'node:module'; const require = _createRequire(import.meta.url);",
    },
    define: { PLINTH_VERSION: JSON.stringify(version) },
    metafile: true,
    logLevel: 'silent',
  };
}
