import { createScreen } from './screen.js';
import { runProgram } from './program.js';

// `plinth get clusters | head` ends without a word.
process.stdout.on('error', () => process.exit(0));

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
  process.exitCode = 130;
});

const code = await runProgram(process.argv.slice(2), {
  env: process.env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  screen: createScreen(process.stdout),
  signal: interrupted.signal,
});
process.exitCode ??= code;
