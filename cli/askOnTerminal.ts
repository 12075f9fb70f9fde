import { once } from 'node:events';
import { openSync } from 'node:fs';
import { WriteStream } from 'node:tty';

/**
 * Asks whoever types into standard input: on standard error, as standard output may be a file, or where that is one too, on
 * the terminal itself. Undefined where neither can be; empty for Ctrl-D.
 */
export async function askOnTerminal(question: string): Promise<string | undefined> {
  const output = process.stderr.isTTY ? process.stderr : openTerminal();
  if (output === undefined) return undefined;
  const { createInterface } = await import('node:readline/promises');
  // The terminal's own editing is enough for a word, and Ctrl-C stays what it is.
  const terminal = createInterface({ input: process.stdin, output, terminal: false });
  try {
    // What is asked for never comes once the input has ended.
    const ended = once(terminal, 'close').then(() => '');
    return await Promise.race([terminal.question(question), ended]);
  } finally {
    terminal.close();
    if (output !== process.stderr) output.destroy();
  }
}

function openTerminal(): WriteStream | undefined {
  try {
    return new WriteStream(openSync('/dev/tty', 'w'));
  } catch {
    return undefined;
  }
}
