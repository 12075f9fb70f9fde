import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { InstallToken } from './installToken.js';

/** What machines run, the same for all of them. */
export const INSTALL_SCRIPT = readFileSync(new URL('./install.sh', import.meta.url), 'utf8');
const SHA256 = createHash('sha256').update(INSTALL_SCRIPT).digest('hex');

/**
 * The command for a machine: fetches the script, checks it against the sum in the command, and runs it as root.
 * All that the script trusts, the platform's public key included, is in the command itself.
 */
export function installCommand(of: {
  url: string;
  token: InstallToken['token'];
  publicKey: string;
}): string {
  const fetch = `curl -fsS -H 'Authorization: Bearer ${of.token}' -o "$f" ${of.url}/installer/install.sh`;
  const check = `echo "${SHA256}  $f" | sha256sum -c --quiet -`;
  const run = `sudo sh "$f" --url ${of.url} --token ${of.token} --key '${of.publicKey}'`;
  return `(f=$(mktemp) && trap 'rm -f "$f"' EXIT && ${fetch} && ${check} && ${run})`;
}

/** Takes away what the command made: login, key, sudo rule. */
export const UNDO_COMMAND = 'sudo plinth-installer --undo';
