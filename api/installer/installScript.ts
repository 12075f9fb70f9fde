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
  // By stdin: arguments are there for everyone to list, and sudo logs them.
  const fetch = `printf 'header = "Authorization: Bearer %s"' "$t" | curl -fsS -K - -o "$f" '${of.url}/installer/install.sh'`;
  const check = `echo "${SHA256}  $f" | sha256sum -c --quiet -`;
  const run = `echo "$t" | sudo sh "$f" --url '${of.url}' --key '${of.publicKey}'`;
  return `(t=${of.token}; f=$(mktemp) && trap 'rm -f "$f"' EXIT && ${fetch} && ${check} && ${run})`;
}

/** What is wrong with a URL that other machines can never reach, in words; undefined for any other. */
export function unreachableUrl(url: string): string | undefined {
  const { hostname } = new URL(url);
  if (!/^(localhost|127\..*|0\.0\.0\.0|\[::1?\])$/.test(hostname)) return undefined;
  return `no other machine reaches ${url}: start plinth with a PLINTH_HOST and a PLINTH_URL that they reach`;
}

/** Takes away what the command made: login, key, sudo rule. */
export const UNDO_COMMAND = 'sudo plinth-installer --undo';
