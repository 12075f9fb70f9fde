import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { clusterSchema } from '../../core/spec/schema/cluster.js';
import { covers, fieldRows, schemaFields, type TestName } from './fieldTable.js';
import { recordedRun } from './recordedRun.js';
import { testTitles } from './testTitles.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const rows = fieldRows(read('docs/api.md'));
const leaves = schemaFields(clusterSchema);

const titles = new Map<string, string[][]>();
function titlesOf(file: string): string[][] {
  const known = titles.get(file) ?? (existsSync(new URL(file, ROOT)) ? testTitles(read(file)) : []);
  titles.set(file, known);
  return known;
}

/** The tests that a name means: by the end of their titles. */
function meant({ file, title }: TestName): string[][] {
  return titlesOf(file).filter((each) => ` > ${each.join(' > ')}`.endsWith(` > ${title}`));
}

const named = new Map(
  rows.flatMap(({ tests }) => tests.map((name) => [`${name.file} > ${name.title}`, name] as const)),
);

describe('the table of fields in docs/api.md', () => {
  it('has a row for every field of the schema, and none that there is not', () => {
    const fields = rows.flatMap((row) => row.fields);
    expect(leaves.filter((leaf) => !fields.some((field) => covers(field, leaf)))).toEqual([]);
    expect(fields.filter((field) => !leaves.some((leaf) => covers(field, leaf)))).toEqual([]);
    expect(fields.filter((field, index) => fields.indexOf(field) !== index)).toEqual([]);
  });

  it('says of each what it does, where that shows, and which test looks', () => {
    const silent = rows.filter(
      ({ does, shows, tests }) => does.trim() === '' || shows.trim() === '' || tests.length === 0,
    );
    expect(silent).toEqual([]);
  });

  it.each([...named])('names one test that exists: %s', (_name, name) => {
    expect(meant(name).map((each) => each.join(' > '))).toHaveLength(1);
  });

  it.each([...named])(
    'names a test that did not fail when the lab was last run: %s',
    (_name, name) => {
      const outcomes = recordedRun(read('docs/measured.md')).get(name.file);
      for (const each of meant(name)) {
        // What a later change has added or renamed is in no record yet.
        expect(outcomes?.get(each.join(' ')) ?? 'passed').toBe('passed');
      }
    },
  );
});

describe('reading such a table', () => {
  it('finds a missing field, a test that is not there, and one that failed', () => {
    const table =
      '\n## Fields\n| field | a | b | test |\n|---|---|---|---|\n| `a.b`, `c` | x | y | `f.test.ts > g > t`<br>`h.test.ts > u` |\n\n## Next\n';
    expect(fieldRows(table)).toEqual([
      {
        fields: ['a.b', 'c'],
        does: 'x',
        shows: 'y',
        tests: [
          { file: 'f.test.ts', title: 'g > t' },
          { file: 'h.test.ts', title: 'u' },
        ],
      },
    ]);
    expect(covers('a.b', 'a.bc')).toBe(false);
    expect(covers('a.b', 'a.b[].c')).toBe(true);
  });

  it('knows tests by their groups, tables of them too', () => {
    const source = `describe('g', () => { it('t', () => {}); it.each([1])('e %s', () => {});
      ruleTable([{ title: 'r', bad: 1 }]); }); test(\`u\`, () => {});`;
    expect(testTitles(source)).toEqual([['g', 't'], ['g', 'e %s'], ['g', 'r'], ['u']]);
  });

  it('takes the newest recorded run', () => {
    const run = (state: string) =>
      `## Lab, all cases: 2026-01-01\n| file | case | outcome | s |\n|---|---|---|---|\n| a.test.ts | g t | ${state} | 12 |\n`;
    expect(
      recordedRun(run('failed') + run('passed'))
        .get('a.test.ts')
        ?.get('g t'),
    ).toBe('passed');
    expect(
      recordedRun(run('passed') + run('failed'))
        .get('a.test.ts')
        ?.get('g t'),
    ).toBe('failed');
    expect(recordedRun('## Other\n').size).toBe(0);
  });
});
