import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { compileRooms } from '../../embedded/compile.js';

/** Of the release that the changes below make. */
export const NEWER_VERSION = '99.0.0';

/** After each step of a node the newer one rests: a history that goes on with a timer is not for today's code. */
const CHANGES: [file: string, before: string, after: string][] = [
  ['package.json', '"version": "', `"version": "${NEWER_VERSION}", "before": "`],
  [
    'workflows/node.js',
    'ended.add(step.name);',
    'ended.add(step.name); if (hasPatch(`rest-after-${step.name}`)) await rest(1);',
  ],
];
const IMPORT = 'import { patched as hasPatch, sleep as rest } from "@temporalio/workflow";\n';

/** Makes the rooms of a newer plinth in `folder`, compiled as for an image: today's, with a change to a workflow. */
export async function compileNewerRooms(folder: string): Promise<void> {
  await compileRooms(folder);
  for (const [file, before, after] of CHANGES) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(before)) throw new Error(`${file} has no "${before}" to be changed`);
    const changed = text.replace(before, after);
    await writeFile(path, file.endsWith('.js') ? IMPORT + changed : changed);
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
}
