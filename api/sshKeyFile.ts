import { constants, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';

import { inspectSshKey, KeyDefect } from './sshKeyInfo.js';

/** A private key is a few kilobytes: more is another file. */
const MAX_BYTES = 64 * 1024;

const LOCKED = 'the key is protected by a passphrase: give it as ssh.passphrase';

export type SshKeyFile = { ok: true; privateKey: string } | { ok: false; message: string };

/**
 * Reads and checks the private key that a `privateKeyPath` names. Relative paths lie under `keysDir`;
 * absolute ones must resolve inside it, links followed. Nothing outside is opened, and what the answer says
 * about a path outside is the same whether it exists or not.
 */
export async function readSshKeyFile(
  keysDir: string,
  path: string,
  passphrase: string | undefined,
): Promise<SshKeyFile> {
  const root = await realpath(keysDir).catch(() => resolve(keysDir));
  const wanted = resolve(root, path);
  const real = await realpath(wanted).catch(() => undefined);
  if (!isInside(root, real ?? wanted)) {
    // The folder may itself be named through a link: then an absolute path is inside by that name.
    if (real !== undefined || !isInside(resolve(keysDir), wanted)) return outside(path);
  }
  if (real === undefined) {
    return {
      ok: false,
      message: `there is no file ${shown(path)} in the key folder (PLINTH_KEYS)`,
    };
  }
  const text = await readSmallFile(real);
  if (text === undefined) {
    return { ok: false, message: `${shown(path)} cannot be read as a file by the server` };
  }
  const key = inspectSshKey(text, passphrase);
  if (key.ok) return { ok: true, privateKey: text };
  const message = key.defect === KeyDefect.Locked ? LOCKED : key.message;
  return { ok: false, message: `${shown(path)}: ${message}` };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function outside(path: string): SshKeyFile {
  return {
    ok: false,
    message:
      `${shown(path)} is outside the server's key folder: put the key into that folder ` +
      '(PLINTH_KEYS) and give its path relative to it, e.g. "id_ed25519"',
  };
}

/** Where a path belongs, people paste the key: that is not quoted. */
function shown(path: string): string {
  // eslint-disable-next-line no-control-regex -- no path of ours has control characters, every key has
  return /PRIVATE KEY|[\u0000-\u001f]/.test(path) ? 'what is given' : JSON.stringify(path);
}

async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    // Without O_NONBLOCK opening a pipe would wait for someone to write to it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_BYTES) return undefined;
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
