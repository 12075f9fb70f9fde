import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ROOT, type Counts } from './vitestRun.js';

/* docs/lab-results.md: of each file of lab cases its newest run, whenever that was. */

const FILE = join(ROOT, 'docs/lab-results.md');
/** Of the tree: what a lab case cannot feel. */
const WITHOUT_WORDS = ['--', ':!docs', ':!*.md'] as const;
const HEAD = [
  '# Lab results',
  'Real Kubernetes on lab machines: the newest run of each file of lab cases, as `npm run test:lab -- all | rest | FILE…` writes it.',
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

/** Writes the run of `commit` down, with today's date. */
export async function recordLabRun(tests: Counts['tests'], commit: string): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(FILE, withRun(await readRecord(), { tests, date, commit }));
}

/** Of `files` those that have no run on record whose cases all passed on a commit that `isThisCode`. */
export function unproven(
  record: string,
  files: readonly string[],
  isThisCode: (commit: string) => boolean,
): string[] {
  const proven = new Set<string>();
  const pattern = /^## (\S+)\n\S+, commit (\w+): (\d+) of (\d+) passed,/gm;
  for (const [, file = '', commit = '', passed, all] of record.matchAll(pattern)) {
    if (passed === all && isThisCode(commit)) proven.add(file);
  }
  return files.filter((file) => !proven.has(file));
}

/** Of `files` those that have not passed, by the record, on the code that is checked out; its documents may differ. */
export async function unprovenHere(files: readonly string[]): Promise<string[]> {
  const record = await readRecord();
  // What git does not know yet is of no commit.
  if (!/^commit \w+$/.test(await checkedOut())) return [...files];
  const same = new Set<string>();
  for (const [, commit = ''] of record.matchAll(/, commit (\w+): /g)) {
    if (await isSameCode(commit)) same.add(commit);
  }
  return unproven(record, files, (commit) => same.has(commit));
}

/** A commit that this clone has not is another code. */
function isSameCode(commit: string): Promise<boolean> {
  return git('diff', '--quiet', commit, ...WITHOUT_WORDS).then(
    () => true,
    () => false,
  );
}

function readRecord(): Promise<string> {
  return readFile(FILE, 'utf8').catch(() => '');
}

function git(...args: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)('git', args, { cwd: ROOT });
}

/** What is checked out: a commit, ` with changes` where there are any besides documents. */
export async function checkedOut(): Promise<string> {
  try {
    const { stdout } = await git('rev-parse', '--short', 'HEAD');
    const changed = await git('status', '--porcelain', ...WITHOUT_WORDS);
    return `commit ${stdout.trim()}${changed.stdout === '' ? '' : ' with changes'}`;
  } catch {
    return 'no git checkout';
  }
}
