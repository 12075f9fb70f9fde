import { Command, CommanderError } from 'commander';

import { applyCommand } from './commands/apply.js';
import { changeCommands } from './commands/change.js';
import { getCommand } from './commands/get.js';
import { logsCommand } from './commands/logs.js';
import { rotateSecretsCommand } from './commands/rotateSecrets.js';
import { statusCommand } from './commands/status.js';
import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';
import type { Screen } from './screen.js';
import { openSession, type GlobalOptions, type Session } from './session.js';

/** What the commands see of the world. */
export interface CommandContext {
  session: () => Session;
  out: (line: string) => void;
  screen: Screen;
  /** Ends a wait. */
  signal?: AbortSignal;
}

export interface ProgramOptions {
  env: NodeJS.ProcessEnv;
  out: (line: string) => void;
  err: (line: string) => void;
  screen: Screen;
  signal?: AbortSignal;
}

const COMMANDS = [
  ...[applyCommand, getCommand, statusCommand, logsCommand],
  ...[changeCommands, rotateSecretsCommand],
];

/** Runs `plinth ARGS…` and gives its exit code. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<ExitCode> {
  const program = new Command('plinth')
    .description('plinth: your own Linux machines, upstream Kubernetes')
    .option(
      '--server <url>',
      'the API (PLINTH_SERVER)',
      options.env['PLINTH_SERVER'] ?? 'http://127.0.0.1:8080',
    )
    .option(
      '-p, --project <name>',
      'the project',
      options.env['PLINTH_PROJECT'] ?? 'defaultproject',
    )
    .option('--key-file <file>', 'a file with the API key (else PLINTH_API_KEY)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => options.out(text.trimEnd()),
      writeErr: (text) => options.err(text.trimEnd()),
    });
  const context: CommandContext = {
    session: () => openSession(program.opts<GlobalOptions>(), options.env),
    out: options.out,
    screen: options.screen,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  for (const add of COMMANDS) {
    add(program, context);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.Ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
    if (!(error instanceof CliError)) throw error;
    options.err(`plinth: ${error.message}`);
    for (const { path, message } of error.problems) {
      options.err(`  ${path === '' ? '' : `${path}: `}${message}`);
    }
    return error.exitCode;
  }
}
