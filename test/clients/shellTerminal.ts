import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** A terminal of 120 columns around a command; what comes in is typed, what is shown goes out. */
const RELAY = `
import fcntl, os, pty, select, signal, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 120, 0, 0))
while True:
    ready, _, _ = select.select([fd, 0], [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        if not typed:
            break
        os.write(fd, typed)
    if fd in ready:
        try:
            shown = os.read(fd, 65536)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
`;
const PATIENCE_MS = 10_000;

export interface ShellTerminal {
  type: (keys: string) => void;
  /** What was shown after the last thing that was waited for, once it holds the text; without what moves the cursor or colours. */
  shows: (text: string) => Promise<string>;
  /** Resolves once the shell is gone: nothing of it writes any more. */
  end: () => Promise<void>;
}

/** A person's shell on a terminal. */
export function openShell(
  command: readonly string[],
  { env, cwd }: { env: Record<string, string>; cwd: string },
): ShellTerminal {
  const child = spawn('python3', ['-c', RELAY, ...command], {
    env: { TERM: 'xterm', ...env },
    cwd,
  });
  const ended = new Promise((done) => child.once('close', done));
  let screen = '';
  let known = 0;
  const waiting = new Set<() => void>();
  const note = (data: Buffer): void => {
    screen += data.toString();
    for (const look of waiting) look();
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  return {
    type: (keys) => child.stdin.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const seen = stripVTControlCharacters(screen).slice(known);
          const at = seen.indexOf(text);
          if (at === -1) return;
          clearTimeout(timer);
          waiting.delete(look);
          known += at + text.length;
          resolve(seen);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`never showed ${text}, but ${JSON.stringify(screen.slice(-1000))}`));
        }, PATIENCE_MS);
        waiting.add(look);
        look();
      }),
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
