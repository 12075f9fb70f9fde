import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build, type BuildOptions } from 'esbuild';

/** One file of the console as it is served. */
export interface ConsoleFile {
  /** `index.html`, or a name with the hash of its content in it. */
  name: string;
  type: string;
  body: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

const OPTIONS = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  tsconfigRaw: {},
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** The server's own part of the page, `paint`, as an ES module: of the same sources, so that both show the same. */
export async function buildPaint(sources: string): Promise<Uint8Array> {
  const of = { absWorkingDir: sources, entryPoints: ['paint.ts'] };
  const { outputFiles } = await build({ ...OPTIONS, ...of });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('console/paint.ts came to nothing');
  return file.contents;
}

/** Makes the console's files from its sources: one script, one style sheet, one icon, the page that names them. */
export async function buildConsole(sources: string): Promise<ConsoleFile[]> {
  const { outputFiles } = await build({
    ...OPTIONS,
    absWorkingDir: sources,
    entryPoints: { console: 'app.ts', style: 'style.css' },
    outdir: sources,
    entryNames: '[name]-[hash]',
  });
  const icon = await readFile(join(sources, 'icon.svg'));
  const hash = createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase();
  const assets = [
    ...outputFiles.map(({ path, contents }) => {
      const name = path.split(/[\\/]/).at(-1) ?? '';
      return { name, type: TYPES[name.split('.').at(-1) ?? ''] ?? '', body: contents };
    }),
    { name: `icon-${hash}.svg`, type: 'image/svg+xml', body: new Uint8Array(icon) },
  ];
  const template = await readFile(join(sources, 'index.html'), 'utf8');
  const page = template.replaceAll(/%(\w+)%/g, (_all, of: string) => {
    const found = assets.find(({ name }) => name.startsWith(`${of}-`));
    if (found === undefined)
      throw new Error(`console/index.html names %${of}%: there is no such file`);
    return `/assets/${found.name}`;
  });
  return [
    { name: 'index.html', type: 'text/html; charset=utf-8', body: new TextEncoder().encode(page) },
    ...assets,
  ];
}
