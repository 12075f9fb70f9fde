import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { ExitCode } from './exitCodes.js';
import { readSettings } from './session.js';

const data = mkdtempSync(join(tmpdir(), 'plinth-data-'));
writeFileSync(join(data, 'admin-api-key'), 'plinth_local\n', { mode: 0o600 });
afterAll(() => rmSync(data, { recursive: true }));

const keyFor = (server?: string): string =>
  readSettings(server === undefined ? {} : { server }, { HOME: data, PLINTH_DATA: data }).key();

test.each(['http://127.0.0.1:9', 'http://localhost:9', 'http://[::1]:9', undefined])(
  "the admin's key in PLINTH_DATA is for a plinth on this computer: %s",
  (server) => {
    expect(keyFor(server)).toBe('plinth_local');
  },
);

test.each([
  'https://plinth.example.invalid',
  'http://10.0.0.1:8080',
  'http://localhost.example.invalid',
])("the admin's key in PLINTH_DATA is sent to no other server: %s", (server) => {
  expect(() => keyFor(server)).toThrow(
    expect.objectContaining({
      exitCode: ExitCode.Denied,
      message: expect.stringContaining(`no API key for ${server}`) as string,
    }),
  );
});
