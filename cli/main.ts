import { readFileSync } from 'node:fs';

import { askOnTerminal } from './askOnTerminal.js';
import { colourful, plain, wantsColour } from './colours.js';
import { ExitCode } from './exitCodes.js';
import { runProgram } from './program.js';
import { createScreen } from './screen.js';

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // `plinth get clusters | head` ends without a word.
  if (code === 'EPIPE') process.exit(ExitCode.Ok);
  process.stderr.write(`plinth: standard output cannot be written: ${message}\n`);
  process.exit(ExitCode.CannotWrite);
});

const interrupted = new AbortController();
let listening = false;
process.on('SIGINT', () => {
  // The second time whoever presses it means it, whatever is under way.
  if (!listening || interrupted.signal.aborted) process.exit(ExitCode.Interrupted);
  interrupted.abort();
});

const { env } = process;
const paint = wantsColour(process.stdout, env) ? colourful : plain;

process.exitCode = await runProgram(process.argv.slice(2), {
  env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  screen: createScreen(process.stdout, env),
  paint,
  errorPaint: wantsColour(process.stderr, env) ? colourful : plain,
  stdin: () => readFileSync(0, 'utf8'),
  interrupt: () => {
    listening = true;
    return interrupted.signal;
  },
  ...(process.stdin.isTTY ? { ask: askOnTerminal } : {}),
});
