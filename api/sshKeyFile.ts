import { createPrivateKey } from 'node:crypto';
import { constants, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';

import ssh2 from 'ssh2';

/** A private key is a few kilobytes: more is another file. */
const MAX_BYTES = 64 * 1024;

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
  const defect = keyDefect(text, passphrase);
  if (defect !== undefined) return { ok: false, message: `${shown(path)}: ${defect}` };
  return { ok: true, privateKey: text };
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

function shown(path: string): string {
  return JSON.stringify(path);
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

/** Why a key cannot be used, in words that hold nothing of it; undefined when it can. */
function keyDefect(text: string, passphrase: string | undefined): string | undefined {
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) return pkcs8Defect(text, passphrase);
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (!(parsed instanceof Error)) {
    return parsed.isPrivateKey() ? undefined : 'this is a public key: give the private one';
  }
  return reasonOf(parsed.message, passphrase);
}

/** ssh2 does not read PKCS#8; workers convert it. */
function pkcs8Defect(text: string, passphrase: string | undefined): string | undefined {
  try {
    const key = createPrivateKey({
      key: text,
      format: 'pem',
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    const type = key.asymmetricKeyType ?? 'unknown';
    if (['rsa', 'ec', 'ed25519'].includes(type)) return undefined;
    return `keys of type ${type} cannot log in over SSH`;
  } catch (error) {
    return reasonOf(error instanceof Error ? error.message : String(error), passphrase);
  }
}

const NEEDS_PASSPHRASE = /no passphrase given|passphrase required|interrupted or cancelled/i;
const WRONG_PASSPHRASE = /bad decrypt|bad passphrase|integrity check|failed to decrypt|cipher/i;

function reasonOf(cause: string, passphrase: string | undefined): string {
  if (passphrase === undefined && (NEEDS_PASSPHRASE.test(cause) || WRONG_PASSPHRASE.test(cause))) {
    return 'the key is protected by a passphrase: give it as ssh.passphrase';
  }
  if (WRONG_PASSPHRASE.test(cause)) return 'the passphrase does not open this key';
  return 'this is not a private key that SSH can use (OpenSSH or PEM form)';
}
