import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const PLINTH = fileURLToPath(new URL('../../bin/plinth.js', import.meta.url));

export interface Said {
  code: number;
  /** Standard output. */
  out: string;
  /** Standard error. */
  err: string;
}

export interface PlinthEnv {
  /** Nothing else of this process's environment is passed on but PATH. */
  env: Record<string, string>;
  input?: string;
  cwd?: string;
}

/** `plinth ARGS…` as a process of its own, with pipes. */
export async function runPlinth(
  args: readonly string[],
  { env, input = '', cwd }: PlinthEnv,
): Promise<Said> {
  const child = startPlinth(args, { env, ...(cwd === undefined ? {} : { cwd }) });
  const { ended } = follow(child);
  child.stdin?.end(input);
  return ended;
}

export function startPlinth(
  args: readonly string[],
  { env, cwd }: Omit<PlinthEnv, 'input'>,
): ChildProcess {
  return spawn(process.execPath, [PLINTH, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
}

export interface Followed {
  ended: Promise<Said>;
  /** Resolves once standard output holds the text. */
  sees: (text: string) => Promise<void>;
}

const PATIENCE_MS = 60_000;

export function follow(child: ChildProcess): Followed {
  const texts = { out: '', err: '' };
  const waiting: { text: string; done: () => void }[] = [];
  child.stdout?.on('data', (data: Buffer) => {
    texts.out += data.toString();
    for (const { text, done } of waiting) if (texts.out.includes(text)) done();
  });
  child.stderr?.on('data', (data: Buffer) => (texts.err += data.toString()));
  const ended = new Promise<Said>((resolve) =>
    child.once('close', (exit: number | null) => resolve({ code: exit ?? -1, ...texts })),
  );
  return {
    ended,
    sees: async (text) => {
      if (texts.out.includes(text)) return;
      const seen = new Promise<void>((done) => waiting.push({ text, done }));
      const late = new Promise<never>((_resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`never said ${text}, but ${texts.out}${texts.err}`)),
          PATIENCE_MS,
        );
        void seen.then(() => clearTimeout(timer));
      });
      await Promise.race([seen, late]);
    },
  };
}

/** A terminal of 100 columns around the command; what it was typed stands in `type`. */
const TERMINAL = `
import os, pty, select, struct, sys, fcntl, termios
typed = sys.argv[1]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
seen = b''
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    os.write(1, data)
    # Typed once it is asked for: a question ends without a new line.
    if typed and (seen.endswith(b': ') or seen.endswith(b') ')):
        os.write(fd, typed.encode() + (b'' if typed == '\\x04' else b'\\n'))
        typed = ''
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/**
 * `plinth ARGS…` on a terminal, by a shell's line where one is given; `type` is what a person answers to its question
 * (`\\x04`: Ctrl-D). The screen is `out`.
 */
export function plinthOnTerminal(
  args: readonly string[],
  { env, type = '', shell }: { env: Record<string, string>; type?: string; shell?: string },
): Followed {
  const by = shell === undefined ? [] : ['sh', '-c', shell];
  const command = ['-c', TERMINAL, type, ...by, process.execPath, PLINTH, ...args];
  return follow(
    spawn('python3', command, {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', ...env },
    }),
  );
}
