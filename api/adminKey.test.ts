import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { ensureAdminKey } from './adminKey.js';
import { hashApiKey } from './auth/apiKey.js';
import { ensureDefaultProject } from './defaultProject.js';

let database: TestDatabase;
let dataDir: string;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-data-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('the admin key', () => {
  test('is made once, readable by its owner only, and opens every project', async () => {
    const { store } = database;
    const made = await ensureAdminKey(store, join(dataDir, 'new'));
    expect(made.created).toBe(true);
    expect((await stat(made.path)).mode & 0o777).toBe(0o600);
    expect((await readFile(made.path, 'utf8')).trim()).toBe(made.key);
    const record = await store.apiKeys.findByHash(hashApiKey(made.key));
    expect(record).toMatchObject({ role: 'admin' });
    expect(record).not.toHaveProperty('project');
  });

  test('is the same after a restart, and of two processes that start at once', async () => {
    const { store } = database;
    const starts = await Promise.all([1, 2, 3].map(() => ensureAdminKey(store, dataDir)));
    const again = await ensureAdminKey(store, dataDir);
    expect(new Set([...starts, again].map(({ key }) => key)).size).toBe(1);
    expect(again.created).toBe(false);
    expect(await readdir(dataDir)).toEqual(['admin-api-key']);
  });

  test('is known to a new database', async () => {
    const made = await ensureAdminKey(database.store, dataDir);
    const other = await openTestDatabase();
    try {
      expect(await ensureAdminKey(other.store, dataDir)).toEqual({ ...made, created: false });
      expect(await other.store.apiKeys.findByHash(hashApiKey(made.key))).toBeDefined();
    } finally {
      await other.close();
    }
  });

  test('that was revoked is made anew', async () => {
    const { store } = database;
    const made = await ensureAdminKey(store, dataDir);
    const record = await store.apiKeys.findByHash(hashApiKey(made.key));
    await store.apiKeys.revoke(record!.id);
    const next = await ensureAdminKey(store, dataDir);
    expect(next.created).toBe(true);
    expect(next.key).not.toBe(made.key);
  });
});

describe('the default project', () => {
  test('is there after any number of starts at once', async () => {
    const { store } = database;
    await Promise.all([1, 2, 3].map(() => ensureDefaultProject(store)));
    expect(await store.projects.get('defaultproject')).toMatchObject({ default: true });
  });
});
