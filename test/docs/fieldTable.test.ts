import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { clusterSchema } from '../../core/spec/schema/cluster.js';
import { covers, fieldRows, schemaFields } from './fieldTable.js';
import { isLabTest, namedTests, notPassed } from './namedTests.js';
import { recordedRun } from './recordedRun.js';
import { testTitles } from './testTitles.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const rows = fieldRows(read('docs/api.md'));
const leaves = schemaFields(clusterSchema);

const readIfThere = (path: string): string | undefined =>
  existsSync(new URL(path, ROOT)) ? read(path) : undefined;
const named = namedTests(rows, readIfThere);

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

  it.each(named)('names one test that exists: $name', ({ meant }) => {
    expect(meant.map((each) => each.join(' > '))).toHaveLength(1);
  });

  // Those that need no lab are held to the run that they are part of: scripts/fieldTableCounts.ts.
  it.each(named.filter(isLabTest))(
    'names a test that did not fail when the lab was last run: $name',
    (test) => {
      const recorded = recordedRun(read('docs/lab-results.md'));
      const problems = notPassed([test], recorded);
      // What a later change has added or renamed is in no record yet.
      expect(problems.filter((each) => !each.endsWith('did not run'))).toEqual([]);
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
});
