import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { HttpErrorCode } from '../../api/http/httpError.js';
import { ErrorCode } from '../../core/errors.js';

test('docs/troubleshooting.md has a row for every code that a step or the API ends with, and no other', () => {
  const text = readFileSync('docs/troubleshooting.md', 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code);
  const codes = [...Object.values(ErrorCode), ...Object.values(HttpErrorCode)];
  expect(rows.toSorted()).toEqual(codes.toSorted());
});
