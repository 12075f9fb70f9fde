import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Counts } from './vitestRun.js';

/* docs/lab-results.md: of each file of lab cases its newest run, whenever that was. */

const FILE = fileURLToPath(new URL('../docs/lab-results.md', import.meta.url));
const HEAD = [
  '# Lab results',
  'Real Kubernetes on lab machines: the newest run of each file of lab cases, as `npm run test:lab -- all | FILE…` writes it.',
].join('\n');

export interface LabRun {
  tests: Counts['tests'];
  /** `YYYY-MM-DD`. */
  date: string;
  /** What was tested. */
  commit: string;
}

/** The record with this run: the files that ran have new sections, the others keep theirs; in the order of their names. */
export function withRun(record: string, run: LabRun): string {
  const sections = new Map(
    record
      .split(/^(?=## )/m)
      .slice(1)
      .map((section) => [/^## (\S+)/.exec(section)?.[1] ?? '', section.trimEnd()]),
  );
  // What failed beside the tests is of no file.
  const files = run.tests.map(({ file }) => file).filter((file) => /^\S+\.test\.ts$/.test(file));
  for (const file of new Set(files)) sections.set(file, sectionOf(file, run));
  const sorted = [...sections].toSorted(([a], [b]) => a.localeCompare(b));
  return `${[HEAD, ...sorted.map(([, section]) => section)].join('\n\n')}\n`;
}

function sectionOf(file: string, { tests, date, commit }: LabRun): string {
  const own = tests.filter((test) => test.file === file);
  const minutes = own.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const passed = own.filter(({ state }) => state === 'passed').length;
  return [
    `## ${file}`,
    `${date}, ${commit}: ${String(passed)} of ${String(own.length)} passed, ${minutes.toFixed(1)} min`,
    '',
    '| case | outcome | s |',
    '|---|---|---|',
    ...own.map(({ title, state, seconds }) => `| ${title} | ${state} | ${seconds.toFixed(0)} |`),
  ].join('\n');
}

/** Writes the run down, with today's date and what is checked out. */
export async function recordLabRun(tests: Counts['tests']): Promise<void> {
  const record = await readFile(FILE, 'utf8').catch(() => '');
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(FILE, withRun(record, { tests, date, commit: await checkedOut() }));
}

async function checkedOut(): Promise<string> {
  const git = (...args: string[]): Promise<{ stdout: string }> =>
    promisify(execFile)('git', args, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
  try {
    const { stdout } = await git('rev-parse', '--short', 'HEAD');
    const changed = await git('status', '--porcelain', '--', ':!docs');
    return `commit ${stdout.trim()}${changed.stdout === '' ? '' : ' with changes'}`;
  } catch {
    return 'no git checkout';
  }
}
