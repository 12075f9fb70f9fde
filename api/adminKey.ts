import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, ErrorCode } from '../core/errors.js';
import type { Store } from '../store/types.js';
import { generateApiKey, hashApiKey } from './auth/apiKey.js';

const FILE = 'admin-api-key';

/**
 * The first admin key, kept in `dataDir/admin-api-key` (0600): there from the first start on, the same over
 * restarts, known again to a new database, and made anew once it was revoked. Two processes that start at
 * once get the same one.
 */
export async function ensureAdminKey(
  store: Store,
  dataDir: string,
): Promise<{ key: string; path: string; created: boolean }> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, FILE);
  const kept = await readKey(path);
  if (kept !== undefined && (await register(store, kept)))
    return { key: kept, path, created: false };
  if (kept !== undefined) await unlink(path);
  const key = await writeOnce(path, generateApiKey());
  if (!(await register(store, key))) {
    throw new AppError(ErrorCode.Internal, `${path}: the admin key was revoked while it was made`);
  }
  return { key, path, created: true };
}

async function readKey(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trim() === '' ? undefined : text.trim();
}

/** Whole or not at all, and only if nobody was first: returns the key that is in the file. */
async function writeOnce(path: string, key: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${key}\n`, { mode: 0o600 });
  try {
    await link(draft, path);
    return key;
  } catch (error) {
    const first = await readKey(path);
    if (first === undefined) throw error;
    return first;
  } finally {
    await unlink(draft);
  }
}

/** False when this key was revoked. */
async function register(store: Store, key: string): Promise<boolean> {
  const hash = hashApiKey(key);
  const known = await store.apiKeys.findByHash(hash);
  if (known !== undefined) return known.revokedAt === undefined;
  try {
    await store.apiKeys.create({ id: randomUUID(), name: 'admin', hash, role: 'admin' });
  } catch (error) {
    // Another process that started at the same moment registered it.
    if ((await store.apiKeys.findByHash(hash)) === undefined) throw error;
  }
  return true;
}
