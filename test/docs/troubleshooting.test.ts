import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { ErrorCode } from '../../core/errors.js';

test('docs/troubleshooting.md has a row for every code of an error, and no other', () => {
  const text = readFileSync('docs/troubleshooting.md', 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code);
  expect(rows.toSorted()).toEqual(Object.values(ErrorCode).toSorted());
});
