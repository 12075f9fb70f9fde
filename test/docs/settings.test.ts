import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { apiSchema } from '../../embedded/settings.js';

/** Of the command line, of its example, of the lab and of tests. */
const OTHERS = new Set([
  ...['PLINTH_API_KEY', 'PLINTH_PROJECT', 'PLINTH_CONTEXT', 'PLINTH_CONFIG'],
  ...['PLINTH_LAB', 'PLINTH_CACHE'],
]);
/** Refused, with a word on what to set: see docs/production.md. */
const REFUSED = /^TEMPORAL_(GRPC_META_|TLS_$|TLS_DISABLE_HOST_VERIFICATION$)/;

const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
const text = [...pages.map((name) => join('docs', name)), 'README.md']
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');
const known = Object.keys(apiSchema.shape);

test('every setting is on a page', () => {
  const told = new Set(text.match(/\b[A-Z]+_[A-Z_]+\b/g));
  // What plinth reads of these is only whether it is there; their meaning is OpenTelemetry's.
  const silent = known.filter((name) => !told.has(name) && !name.startsWith('OTEL_'));
  expect(silent).toEqual([]);
});

test('no page names a setting that there is not', () => {
  const named = new Set(text.match(/\b(PLINTH|TEMPORAL)_[A-Z_]+/g));
  const unknown = [...named].filter(
    (name) => !known.includes(name) && !OTHERS.has(name) && !REFUSED.test(name),
  );
  expect(unknown).toEqual([]);
});
