import type { Writable } from 'node:stream';

/** What progress is written to. */
export interface Screen {
  /** Lines for good. */
  print(lines: readonly string[]): void;
  /** Replaces the picture below them; on what is no terminal, nothing. */
  picture(lines: readonly string[]): void;
}

interface Terminal extends Writable {
  isTTY?: boolean;
  columns?: number;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BOLD = '\u001B[1m';
const RED = '\u001B[31m';
const DIM = '\u001B[2m';
const RESET = '\u001B[0m';

/** On a terminal with colours and a moving picture; plain lines elsewhere. */
export function createScreen(out: Terminal): Screen {
  return out.isTTY === true ? terminalScreen(out) : plainScreen(out);
}

function plainScreen(out: Writable): Screen {
  return {
    print(lines) {
      if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
    },
    picture: () => undefined,
  };
}

function terminalScreen(out: Terminal): Screen {
  let shown: readonly string[] = [];
  let frame = 0;
  const erase = (): string =>
    shown.length === 0 ? '' : `\u001B[${String(shown.length)}A\u001B[0J`;
  return {
    print(lines) {
      if (lines.length === 0) return;
      out.write(`${erase()}${[...lines.map(coloured), ...shown].join('\n')}\n`);
    },
    picture(lines) {
      const mark = SPINNER[frame++ % SPINNER.length] ?? '';
      // A line that wraps would be more than one to erase.
      const room = (out.columns ?? 80) - 1;
      const next = lines.map(
        (line) => `${DIM}${`${mark} ${line.trimStart()}`.slice(0, room)}${RESET}`,
      );
      out.write(`${erase()}${next.map((line) => `${line}\n`).join('')}`);
      shown = next;
    },
  };
}

function coloured(line: string): string {
  if (line.startsWith('==> ')) return `${BOLD}${line}${RESET}`;
  return line.includes(' FAILED') ? `${RED}${line}${RESET}` : line;
}
