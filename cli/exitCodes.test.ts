import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { ExitCode, exitCodeOfHttp } from './exitCodes.js';

const docs = await readFile(new URL('../docs/cli.md', import.meta.url), 'utf8');
const rows = [...docs.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, when = '']) => ({
  ...{ code: Number(code), when },
}));

test('docs/cli.md has a row for each exit code, and no other', () => {
  expect(rows.map(({ code }) => code)).toEqual(Object.values(ExitCode));
});

test.each(
  rows.flatMap(({ code, when }) =>
    [...when.matchAll(/\b[45]\d\d\b/g)].map(([s]) => [Number(s), code]),
  ),
)('an answer of %i ends with the code that the document gives: %i', (status, code) => {
  expect(exitCodeOfHttp(status)).toBe(code);
});

test('the document says where each class of answers goes', () => {
  const told = rows.flatMap(({ when }) => [...when.matchAll(/\b[45]\d\d\b/g)].map(([s]) => s));
  expect(told.toSorted()).toEqual([
    '400',
    '401',
    '403',
    '404',
    '409',
    '413',
    '415',
    '429',
    '500',
    '502',
    '503',
    '504',
  ]);
});
