import type { Writable } from 'node:stream';

import { colourful, plain, Sgr, wantsColour, type Paint } from './colours.js';

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

/** On a terminal with a moving picture, and colours unless NO_COLOR is set; plain lines elsewhere. */
export function createScreen(out: Terminal, env: NodeJS.ProcessEnv = {}): Screen {
  if (out.isTTY !== true || env['TERM'] === 'dumb') return plainScreen(out);
  return terminalScreen(out, wantsColour(out, env) ? colourful : plain);
}

function plainScreen(out: Writable): Screen {
  return {
    print(lines) {
      if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
    },
    picture: () => undefined,
  };
}

function terminalScreen(out: Terminal, paint: Paint): Screen {
  let shown: readonly string[] = [];
  let frame = 0;
  const erase = (): string =>
    shown.length === 0 ? '' : `\u001B[${String(shown.length)}A\u001B[0J`;
  return {
    print(lines) {
      if (lines.length === 0) return;
      const all = [...lines.map((line) => coloured(line, paint)), ...shown];
      out.write(`${erase()}${all.join('\n')}\n`);
    },
    picture(lines) {
      const mark = SPINNER[frame++ % SPINNER.length] ?? '';
      // A line that wraps would be more than one to erase.
      const room = (out.columns ?? 80) - 1;
      const next = lines.map((line) =>
        paint(`${mark} ${line.trimStart()}`.slice(0, room), Sgr.Dim),
      );
      out.write(`${erase()}${next.map((line) => `${line}\n`).join('')}`);
      shown = next;
    },
  };
}

function coloured(line: string, paint: Paint): string {
  if (line.startsWith('==> ')) return paint(line, Sgr.Bold);
  return line.includes(' FAILED') ? paint(line, Sgr.Red) : line;
}
