import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Debian's, and what others call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'] as const;

/** Whether there is one or it may be installed. */
export async function mayHaveChromium(): Promise<boolean> {
  return isOursToInstall() || (await findChromium()) !== undefined;
}

/**
 * The path of a Chromium; Debian's package is installed where there is none and that is ours to do.
 * @throws Error where there is none.
 */
export async function ensureChromium(
  say: (line: string) => void = () => undefined,
): Promise<string> {
  const found = await findChromium();
  if (found !== undefined) return found;
  if (!isOursToInstall()) {
    throw new Error('there is no Chromium on the PATH: install the package chromium');
  }
  say('plinth: installing Chromium …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], {
    env,
    maxBuffer: 64 << 20,
  });
  const installed = await findChromium();
  if (installed === undefined) throw new Error('the package chromium brought no chromium');
  return installed;
}

function isOursToInstall(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

async function findChromium(): Promise<string | undefined> {
  for (const name of NAMES) {
    const found = await run('sh', ['-c', 'command -v "$0"', name]).catch(() => undefined);
    if (found !== undefined) return found.stdout.trim();
  }
  return undefined;
}
