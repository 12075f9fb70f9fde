import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ROOT } from './vitestRun.js';

/** What `npm test` runs on lab machines, in this order: the story, then what the rooms show of themselves. */
export const STORY: readonly string[] = [
  'test/lab/story.lab.test.ts',
  'machine/runner/runStep.lab.test.ts',
  'machine/transfer/ensureArtifacts.lab.test.ts',
];

/** Everything that needs lab machines, by name: what vitest takes for the project's files. */
export async function labFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/vitest'),
    ['list', '--project', 'lab', '--filesOnly'],
    { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } },
  );
  const files = [...stdout.matchAll(/^\[lab\] (\S+)$/gm)].map(([, file = '']) => file);
  if (files.length === 0) throw new Error(`vitest lists no lab cases: ${stdout}`);
  return files.toSorted();
}
