import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256File } from '../../../lab/build/image.js';
import { run } from '../../../lab/run.js';
import type { Served } from './mirrorServer.js';

/** A folder of .deb files as a flat apt repository: `deb [trusted=yes] URL/debian ./`. */
export async function aptTree(folder: string): Promise<Map<string, Served>> {
  const tree = new Map<string, Served>();
  const entries: string[] = [];
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.deb'))) {
    const file = join(folder, name);
    // A colon in a version stands as %3a in the file's name, and a request undoes that.
    const path = decodeURIComponent(name);
    const control = (await run('dpkg-deb', ['--field', file])).trimEnd();
    const { size } = await stat(file);
    entries.push(
      `${control}\nFilename: ./${path}\nSize: ${String(size)}\nSHA256: ${await sha256File(file)}\n`,
    );
    tree.set(`/debian/./${path}`, { file });
    tree.set(`/debian/${path}`, { file });
  }
  const packages: Served = { text: entries.join('\n') };
  tree.set('/debian/Packages', packages);
  tree.set('/debian/./Packages', packages);
  return tree;
}
