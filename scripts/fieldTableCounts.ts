import { readFileSync } from 'node:fs';

import { fieldRows } from '../test/docs/fieldTable.js';
import { namedTests, notPassed } from '../test/docs/namedTests.js';
import type { Counts } from './vitestRun.js';

const ROOT = new URL('../', import.meta.url);
const TITLE = 'docs/api.md: every test that the table of fields names passed in this run';

/**
 * The table of fields against a run: every test that it names, of the files that were run, was there and passed. One that
 * is skipped makes no run red by itself, and the table would say what nobody looked at. Counts as one test more, unless
 * the run had nothing to do with the table.
 */
export function fieldTableCounts(
  tests: Counts['tests'],
  read: (path: string) => string | undefined = readOurs,
): { counts: Counts; problems: string[] } {
  const files = new Set(tests.map(({ file }) => file));
  const named = namedTests(fieldRows(read('docs/api.md') ?? ''), read);
  const held = named.filter(({ file }) => files.has(file));
  const problems =
    named.length === 0 ? ['docs/api.md: there is no table of fields'] : notPassed(held, tests);
  const failed = problems.length === 0 ? 0 : 1;
  const passed = failed === 0 && held.length > 0 ? 1 : 0;
  const state = failed === 0 ? 'passed' : 'failed';
  const row = { file: 'docs/api.md', title: TITLE, state, seconds: 0 };
  return {
    problems,
    counts: { passed, failed, skipped: 0, skips: [], tests: failed + passed > 0 ? [row] : [] },
  };
}

function readOurs(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, ROOT), 'utf8');
  } catch {
    return undefined;
  }
}
