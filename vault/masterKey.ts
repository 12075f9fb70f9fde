import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, ErrorCode } from '../core/errors.js';
import { Secret } from './secret.js';

export const KEY_BYTES = 32;
const FILE = 'master-key';

/** The key that seals, and after it older ones that still open what they sealed. */
export type MasterKeys = readonly [Buffer, ...Buffer[]];

export interface MasterKeyOptions {
  /** `PLINTH_MASTER_KEY`: 32 bytes in base64; several with commas between, the newest first. */
  masterKey?: string | Secret | undefined;
  /** Holds the file `master-key` (one key a line, newest first), which is made when no key was given. */
  dataDir: string;
}

/**
 * The keys that were given, else those in the data directory's own file, made at the first start.
 * @throws AppError InvalidRequest for a key of the wrong size or a file that others may read.
 */
export async function loadMasterKey({ masterKey, dataDir }: MasterKeyOptions): Promise<MasterKeys> {
  const given = masterKey instanceof Secret ? masterKey.reveal() : masterKey;
  if (given !== undefined && given.trim() !== '') {
    return parseKeys(given.split(','), 'PLINTH_MASTER_KEY');
  }
  const path = join(dataDir, FILE);
  const text = (await readPrivate(path)) ?? (await create(path, dataDir));
  return parseKeys(text.trim().split('\n'), path);
}

function parseKeys(texts: readonly string[], source: string): MasterKeys {
  const [first, ...rest] = texts.map((text) => parseKey(text.trim(), source));
  if (first === undefined) throw invalid(`${source} holds no key`);
  return [first, ...rest];
}

function parseKey(text: string, source: string): Buffer {
  const key = Buffer.from(text, 'base64');
  // Node skips what is not base64: only a text that comes back the same was one.
  const canonical = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (key.length !== KEY_BYTES || !canonical) {
    throw invalid(
      `${source} must be ${String(KEY_BYTES)} bytes in base64 (make one: openssl rand -base64 ${String(KEY_BYTES)})`,
    );
  }
  return key;
}

async function readPrivate(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(`${path} cannot be read: ${String(cause)}`);
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw invalid(
        `${path} may be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it, and take its key as known to them`,
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Whole or not at all, and one of several processes that start at once wins. */
async function create(path: string, dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    await file.sync();
    await link(temporary, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
  await syncDirectory(dataDir);
  return (await readPrivate(path)) ?? '';
}

/** A key that seals secrets today must still have its name tomorrow. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function invalid(message: string): AppError {
  return new AppError(ErrorCode.InvalidRequest, message);
}
