import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readSshKeyFile } from './sshKeyFile.js';

let root: string;
let keys: string;
const keygen = (name: string, ...options: string[]): void => {
  execFileSync('ssh-keygen', ['-q', '-f', join(keys, name), ...options]);
};
const pkcs8 = (type: 'ed25519' | 'x25519'): string => {
  const { privateKey } =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'plinth-sshkeys-'));
  keys = join(root, 'keys');
  await mkdir(join(keys, 'team'), { recursive: true });
  keygen('ed25519', '-t', 'ed25519', '-N', '');
  keygen('team/ed25519', '-t', 'ed25519', '-N', '');
  keygen('locked', '-t', 'ed25519', '-N', 'open sesame');
  keygen('locked-pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'open sesame');
  keygen('locked-pkcs8', '-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', 'open sesame');
  await writeFile(join(keys, 'pkcs8'), pkcs8('ed25519'));
  await writeFile(join(keys, 'x25519'), pkcs8('x25519'));
  await writeFile(join(keys, 'text'), 'hello');
  await writeFile(join(keys, 'large'), 'x'.repeat(100_000));
  await writeFile(join(root, 'secret'), 'outside');
  await symlink(join(root, 'secret'), join(keys, 'link-out'));
  await symlink(join(keys, 'ed25519'), join(keys, 'link-in'));
  await symlink(keys, join(root, 'alias'));
  execFileSync('mkfifo', [join(keys, 'pipe')]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function refusal(path: string, passphrase?: string, folder = keys): Promise<string> {
  const found = await readSshKeyFile(folder, path, passphrase);
  if (found.ok) throw new Error(`${path} was read`);
  return found.message;
}

describe('a key', () => {
  test.each(['ed25519', 'team/ed25519', './ed25519', 'team/../ed25519', 'pkcs8', 'link-in'])(
    'is read by its path relative to the key folder: %s',
    async (path) => {
      const found = await readSshKeyFile(keys, path, undefined);
      expect(found).toMatchObject({ ok: true, privateKey: expect.stringContaining('PRIVATE KEY') });
    },
  );

  test.each(['keys/ed25519', 'alias/ed25519'])(
    'is read by an absolute path that resolves inside: …/%s',
    async (path) => {
      expect(await readSshKeyFile(keys, join(root, path), undefined)).toMatchObject({ ok: true });
    },
  );

  test('is read from a folder that is itself a link', async () => {
    const folder = join(root, 'alias');
    expect(await readSshKeyFile(folder, 'ed25519', undefined)).toMatchObject({ ok: true });
    expect(await readSshKeyFile(folder, join(folder, 'ed25519'), undefined)).toMatchObject({
      ok: true,
    });
  });

  test.each(['locked', 'locked-pem', 'locked-pkcs8'])(
    'with a passphrase is opened by it and by nothing else: %s',
    async (path) => {
      expect(await readSshKeyFile(keys, path, 'open sesame')).toMatchObject({ ok: true });
      expect(await refusal(path)).toContain('protected by a passphrase');
      expect(await refusal(path, 'wrong')).toContain('the passphrase does not open this key');
    },
  );

  test.each([
    ['none', 'there is no file'],
    ['ed25519.pub', 'public key'],
    ['text', 'not a private key'],
    ['x25519', 'cannot log in over SSH'],
    ['large', 'cannot be read as a file'],
    ['team', 'cannot be read as a file'],
    ['pipe', 'cannot be read as a file'],
  ])('that cannot be one is told so: %s', async (path, words) => {
    expect(await refusal(path)).toContain(words);
  });
});

describe('outside the key folder', () => {
  test.each(['../secret', 'link-out', '/etc/hostname', '.', 'team/../../secret'])(
    '%s is refused with where keys belong',
    async (path) => {
      expect(await refusal(path)).toContain('outside the server');
    },
  );

  test('nothing is told of what is there and what is not', async () => {
    const there = await refusal(join(root, 'secret'));
    const notThere = await refusal(join(root, 'nosuch'));
    expect(there.replace('secret', '*')).toBe(notThere.replace('nosuch', '*'));
  });
});
