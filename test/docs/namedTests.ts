import type { FieldRow } from './fieldTable.js';
import { testTitles } from './testTitles.js';

/** A test as the table names it, and which of its file that is. */
export interface NamedTest {
  /** `FILE > TITLE`, as it stands there. */
  name: string;
  file: string;
  /** Groups and title of every test that it may mean: one, where the table is right. */
  meant: readonly (readonly string[])[];
}

/** What became of a test of some run; its title after those of its groups, as reporters write it. */
export interface Outcome {
  file: string;
  title: string;
  state: string;
}

/** All tests that the rows name, each once. `read` gives a file of the repository, undefined where there is none. */
export function namedTests(
  rows: readonly FieldRow[],
  read: (path: string) => string | undefined,
): NamedTest[] {
  const named = new Map<string, NamedTest>();
  const titles = new Map<string, string[][]>();
  for (const { file, title } of rows.flatMap(({ tests }) => tests)) {
    const ofFile = titles.get(file) ?? testTitles(read(file) ?? '');
    titles.set(file, ofFile);
    const meant = ofFile.filter((each) => ` > ${each.join(' > ')}`.endsWith(` > ${title}`));
    named.set(`${file} > ${title}`, { name: `${file} > ${title}`, file, meant });
  }
  return [...named.values()];
}

/** Whether it needs the lab's machines. */
export function isLabTest({ file }: Pick<NamedTest, 'file'>): boolean {
  return file.endsWith('.lab.test.ts') || file.startsWith('test/lab/');
}

/**
 * Those of the tests that these outcomes do not show as passed, and why: they failed, were skipped, or are not among
 * them at all. Of a test that is many (`each`), every one has to have passed.
 */
export function notPassed(tests: readonly NamedTest[], outcomes: readonly Outcome[]): string[] {
  return tests.flatMap(({ name, file, meant }) => {
    const patterns = meant.map(patternOf);
    const found = outcomes.filter(
      (outcome) => outcome.file === file && patterns.some((one) => one.test(outcome.title)),
    );
    if (found.length === 0) return [`${name}: did not run`];
    const other = found.find(({ state }) => state !== 'passed');
    return other === undefined ? [] : [`${name}: ${other.state}`];
  });
}

/** `%s` and `$name` stand for a value; a group whose title is computed is not known, and comes before. */
function patternOf(titles: readonly string[]): RegExp {
  const text = titles
    .join(' ')
    .split(/%[sdifjo#]|\$[\w.]+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(^| )${text.join('.*')}$`, 's');
}
