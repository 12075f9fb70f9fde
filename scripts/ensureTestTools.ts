import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder, ensurePythonTools } from '../embedded/pythonTools.js';

const run = promisify(execFile);
/** Debian package → the command it brings. */
const TOOLS: Readonly<Record<string, string>> = {
  shellcheck: 'shellcheck',
  'openssh-server': '/usr/sbin/sshd',
  ...{ sudo: 'sudo', curl: 'curl', jq: 'jq', iproute2: 'ip', zsh: 'zsh', fish: 'fish' },
};
/** Debian's docker-compose brings the schema of the compose file: its files, without the package's dependencies. */
const COMPOSE_PACKAGE = 'docker-compose';
const COMPOSE_FOLDER = join(cacheFolder(), 'docker-compose');
/** There once `ensureTestTools` has run as root on Debian. */
export const COMPOSE_SCHEMA = join(
  COMPOSE_FOLDER,
  'usr/lib/python3/dist-packages/compose/config/compose_spec.json',
);

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
  const schemaMissing = !existsSync(COMPOSE_SCHEMA);
  if (missing.length === 0 && !schemaMissing) return;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  say(
    `plinth: installing ${[...missing, ...(schemaMissing ? ['the compose schema'] : [])].join(', ')} …`,
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  if (missing.length > 0) {
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env });
  }
  if (schemaMissing) await unpackComposeSchema();
}

async function unpackComposeSchema(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-deb-'));
  try {
    await run('apt-get', ['download', '-q', COMPOSE_PACKAGE], { cwd: folder });
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['--extract', join(folder, file ?? ''), COMPOSE_FOLDER]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
