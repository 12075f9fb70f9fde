import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { runPlinth } from './runPlinth.js';

const docs = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');

test('docs/cli.md tells of every command, and of no other', async () => {
  const { out } = await runPlinth(['--help'], { env: { HOME: '/nowhere' } });
  const commands = out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)/gm);
  const known = [...commands].map(([, name]) => name).filter((name) => name !== 'help');
  const table = docs.slice(docs.indexOf('## Commands'), docs.indexOf('## Progress'));
  const told = table
    .split('\n')
    .flatMap((row) => /^\| (.+?) \| /.exec(row.replaceAll('\\|', ''))?.[1] ?? [])
    .flatMap((cell) => [...cell.matchAll(/`([a-z-]+)/g)].map(([, name]) => name));
  expect([...new Set(told)].toSorted()).toEqual(known.toSorted());
});
