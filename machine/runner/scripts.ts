import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const lib = text('./lib.sh');

/** What the runner executes on a machine: static text, shellcheck-clean as it stands here. */
export const launcher = lib + text('./launch.sh') + text('./follow.sh');
export const wrapper = lib + text('./wrapper.sh');
export const canceller = lib + text('./cancel.sh');
export const receiver = lib + text('../transfer/receive.sh');

/**
 * The words that run such a script as `bash`, which then reads it from stdin, and after it its own input.
 * bash's `read` takes exactly so many characters from a pipe, so nothing of what follows is lost. It leaves root's own
 * ~/.bashrc alone, which bash reads where sshd started it or its stdin is a socket; the login's own shell is sshd's affair.
 */
export function bashFromStdin(script: string): string[] {
  const bootstrap = 'export LC_ALL=C; IFS= read -rN "$1" script; eval "$script"';
  return ['bash', '--norc', '-c', bootstrap, 'plinth', String(Buffer.byteLength(script))];
}

export function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
