import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder } from '../embedded/pythonTools.js';

const run = promisify(execFile);
const FOLDER = join(cacheFolder(), 'prometheus');

export interface Prometheus {
  prometheus: string;
  promtool: string;
}

/** Whether it is there or may be fetched: Debian's package can be unpacked by anybody on Debian. */
export async function mayHavePrometheus(): Promise<boolean> {
  if (existsSync(FOLDER)) return true;
  return (await run('sh', ['-c', 'command -v apt-get']).catch(() => undefined)) !== undefined;
}

/**
 * The paths of the programs of Debian's package, unpacked on first use: installed, it would start a service.
 * @throws Error with what apt said where it cannot be had.
 */
export async function ensurePrometheus(): Promise<Prometheus> {
  if (!existsSync(FOLDER)) await unpack();
  const bin = join(FOLDER, 'usr/bin');
  return { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
}

async function unpack(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-deb-'));
  try {
    const download = () => run('apt-get', ['download', '-q', 'prometheus'], { cwd: folder });
    await download().catch(async () => {
      await run('apt-get', ['update', '-q']);
      await download();
    });
    const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    const unpacked = `${FOLDER}.${String(process.pid)}`;
    await run('dpkg-deb', ['--extract', join(folder, file), unpacked]);
    // Whole or not at all; another process may have been faster.
    await rename(unpacked, FOLDER).catch(() => rm(unpacked, { recursive: true, force: true }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
