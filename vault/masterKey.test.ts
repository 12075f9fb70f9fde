import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { loadMasterKey } from './masterKey.js';
import { Secret } from './secret.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-key-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const base64 = (): string => randomBytes(32).toString('base64');

test('the first start makes a key of 32 bytes in a file for its owner only', async () => {
  const [key] = await loadMasterKey({ dataDir });
  expect(key).toHaveLength(32);
  expect((await stat(join(dataDir, 'master-key'))).mode & 0o777).toBe(0o600);
});

test('the next start reads the same key', async () => {
  const first = await loadMasterKey({ dataDir });
  expect(await loadMasterKey({ dataDir })).toEqual(first);
});

test('processes that start at once on a fresh directory all get one key and leave one file', async () => {
  const loaded = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey({ dataDir })));
  expect(new Set(loaded.map(([key]) => key.toString('hex'))).size).toBe(1);
  expect(await readdir(dataDir)).toEqual(['master-key']);
});

test('a given key is used and no file is made', async () => {
  const text = base64();
  const [key] = await loadMasterKey({ masterKey: new Secret(text), dataDir });
  expect(key.toString('base64')).toBe(text);
  expect(await readdir(dataDir)).toEqual([]);
});

test('several given keys come newest first', async () => {
  const texts = [base64(), base64()];
  const keys = await loadMasterKey({ masterKey: texts.join(','), dataDir });
  expect(keys.map((key) => key.toString('base64'))).toEqual(texts);
});

test.each([
  ['16 bytes', randomBytes(16).toString('base64')],
  ['a passphrase', 'correct horse battery staple of long words'],
  ['a key with rubbish behind it', `${base64()}!!`],
])('%s as PLINTH_MASTER_KEY is refused by name, without repeating it', async (_what, masterKey) => {
  const error: unknown = await loadMasterKey({ masterKey, dataDir }).catch((e: unknown) => e);
  expect(String(error)).toContain('PLINTH_MASTER_KEY must be 32 bytes');
  expect(String(error)).not.toContain(masterKey);
});

test('a file that others may read is refused with what to do', async () => {
  await loadMasterKey({ dataDir });
  await chmod(join(dataDir, 'master-key'), 0o640);
  await expect(loadMasterKey({ dataDir })).rejects.toThrow(/mode 640.*chmod 600/);
});

test('an empty file is refused, not replaced', async () => {
  await writeFile(join(dataDir, 'master-key'), '', { mode: 0o600 });
  await expect(loadMasterKey({ dataDir })).rejects.toThrow(/32 bytes/);
});
