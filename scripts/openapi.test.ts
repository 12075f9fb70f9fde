import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { OPENAPI_FILE, openApiText } from './openApiText.js';

test('the committed document is the one that the API serves: npm run openapi writes it anew', async () => {
  expect((await readFile(OPENAPI_FILE, 'utf8')) === (await openApiText())).toBe(true);
});
