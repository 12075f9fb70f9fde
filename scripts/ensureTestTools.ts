import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { ensurePythonTools } from '../embedded/pythonTools.js';

const run = promisify(execFile);
/** Debian package → the command it brings. */
const TOOLS: Readonly<Record<string, string>> = {
  shellcheck: 'shellcheck',
  'openssh-server': '/usr/sbin/sshd',
};

/** Installs what the tests call and this computer lacks; where that is not ours to do, tests say what is missing. */
export async function ensureTestTools(say: (line: string) => void): Promise<void> {
  await ensurePythonTools({
    onInstall: (folder) => say(`plinth: installing the embedded servers into ${folder} …`),
  });
  const missing: string[] = [];
  for (const [name, command] of Object.entries(TOOLS)) {
    const found = await run('sh', ['-c', 'command -v "$0"', command]).catch(() => undefined);
    if (found === undefined) missing.push(name);
  }
  if (missing.length === 0 || process.platform !== 'linux' || process.getuid?.() !== 0) return;
  say(`plinth: installing ${missing.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env });
}
