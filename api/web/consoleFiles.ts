import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import type { ConsolePaint } from '../../core/consoleModel.js';
import { buildConsole, buildPaint, type ConsoleFile } from './buildConsole.js';

/** Beside the API: the sources in a checkout, what `writeConsole` made of them where the API was compiled. */
const FOLDER = fileURLToPath(new URL('../../console/', import.meta.url));
const MANIFEST = 'manifest.json';
const PAINT = 'paint.js';

export type Encoding = 'br' | 'gzip';

/** A file in each form that it is sent in. */
export interface ServedFile {
  type: string;
  hash: string;
  forms: Readonly<Record<Encoding | 'identity', Uint8Array>>;
}

type Manifest = Pick<ConsoleFile, 'name' | 'type'>[];

/** Builds the console and writes its files, compressed ones beside them, for a compiled API to serve. */
export async function writeConsole(sources: string, folder: string): Promise<void> {
  const files = await buildConsole(sources);
  await mkdir(folder, { recursive: true });
  for (const { name, body } of files) {
    const { br, gzip: zipped } = await compressed(body);
    await writeFile(join(folder, name), body);
    await writeFile(join(folder, `${name}.br`), br);
    await writeFile(join(folder, `${name}.gz`), zipped);
  }
  const manifest: Manifest = files.map(({ name, type }) => ({ name, type }));
  await writeFile(join(folder, PAINT), await buildPaint(sources));
  await writeFile(join(folder, MANIFEST), JSON.stringify(manifest));
}

const isCompiled = (): boolean => existsSync(join(FOLDER, MANIFEST));

/** The files by name: read, or in a checkout built, once in a process. */
export const consoleFiles = onceMade<ReadonlyMap<string, ServedFile>>(() =>
  isCompiled() ? readFiles() : buildFiles(),
);

/** What makes the page's first view: read, or in a checkout built, once in a process. */
export const consolePaint = onceMade(async () => {
  const code = isCompiled() ? await readFile(join(FOLDER, PAINT)) : await buildPaint(FOLDER);
  const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  return ((await import(url)) as { paint: ConsolePaint }).paint;
});

/** Made when it is first asked for, and kept; what failed is tried anew by who asks next. */
export function onceMade<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made !== undefined) return made;
    const making = make();
    made = making;
    making.catch(() => (made = undefined));
    return making;
  };
}

async function readFiles(): Promise<ReadonlyMap<string, ServedFile>> {
  const manifest = JSON.parse(await readFile(join(FOLDER, MANIFEST), 'utf8')) as Manifest;
  const read = (name: string): Promise<Uint8Array> => readFile(join(FOLDER, name));
  return new Map(
    await Promise.all(
      manifest.map(async ({ name, type }): Promise<[string, ServedFile]> => {
        const identity = await read(name);
        const forms = { identity, br: await read(`${name}.br`), gzip: await read(`${name}.gz`) };
        return [name, { type, hash: hashOf(identity), forms }];
      }),
    ),
  );
}

async function buildFiles(): Promise<ReadonlyMap<string, ServedFile>> {
  const files = await buildConsole(FOLDER);
  return new Map(
    await Promise.all(
      files.map(async ({ name, type, body }): Promise<[string, ServedFile]> => {
        const forms = { identity: body, ...(await compressed(body)) };
        return [name, { type, hash: hashOf(body), forms }];
      }),
    ),
  );
}

async function compressed(body: Uint8Array): Promise<Record<Encoding, Uint8Array>> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return {
    br: await promisify(brotliCompress)(body, { params }),
    gzip: await promisify(gzip)(body, { level: 9 }),
  };
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 22);
}
