import { expect, test } from 'vitest';

import { AppError } from '../../core/errors.js';
import { parseJson } from './parseJson.js';

function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error.problems.map((problem) => problem.message);
    throw error;
  }
  throw new Error('it was accepted');
}

test('refuses names that a database cannot keep', () => {
  expect(problemsOf(() => parseJson('{"a\\u0000b": 1}')).join()).toContain('cannot be used');
});

test('refuses what is nested deeper than any spec', () => {
  expect(problemsOf(() => parseJson('['.repeat(70) + ']'.repeat(70))).join()).toContain('nested');
  expect(parseJson('['.repeat(50) + ']'.repeat(50))).toBeInstanceOf(Array);
});
