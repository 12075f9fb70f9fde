import { Command, CommanderError } from 'commander';

import { CliError } from './client.js';
import { plain, Sgr, type Paint } from './colours.js';
import { acceptHostKeyCommand } from './commands/acceptHostKey.js';
import { applyCommand } from './commands/apply.js';
import { changeCommands } from './commands/change.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { diffCommand } from './commands/diff.js';
import { getCommand } from './commands/get.js';
import { installerCmdsCommand } from './commands/installerCmds.js';
import { kubeconfigCommand } from './commands/kubeconfig.js';
import { logsCommand } from './commands/logs.js';
import { rotateSecretsCommand } from './commands/rotateSecrets.js';
import { statusCommand } from './commands/status.js';
import { validateCommand } from './commands/validate.js';
import { versionCommand } from './commands/version.js';
import { complete } from './complete.js';
import { ExitCode } from './exitCodes.js';
import type { Screen } from './screen.js';
import { openSession, type GlobalOptions, type Session } from './session.js';

export type Ask = (question: string) => Promise<string | undefined>;

/** What the commands see of the world. */
export interface CommandContext {
  env: NodeJS.ProcessEnv;
  globals: () => GlobalOptions;
  session: () => Session;
  /** To standard output: what was asked for. */
  out: (line: string) => void;
  /** To standard error: what a person should know beside it. */
  err: (line: string) => void;
  screen: Screen;
  paint: Paint;
  /** Asks whoever sits at the terminal, undefined where the question cannot be shown; absent: nobody does. */
  ask?: Ask;
  stdin: () => string;
  /** From now on Ctrl-C aborts this signal instead of ending the process. */
  interrupt: () => AbortSignal;
}

export interface ProgramOptions {
  env: NodeJS.ProcessEnv;
  out: (line: string) => void;
  err: (line: string) => void;
  screen: Screen;
  paint?: Paint;
  /** Of what goes to standard error. */
  errorPaint?: Paint;
  ask?: Ask;
  stdin?: () => string;
  interrupt?: () => AbortSignal;
}

const COMMANDS = [
  ...[applyCommand, getCommand, statusCommand, logsCommand],
  ...[changeCommands, acceptHostKeyCommand, installerCmdsCommand, kubeconfigCommand],
  ...[validateCommand, diffCommand, configCommand],
  ...[completionCommand, rotateSecretsCommand, versionCommand],
];

/** What the completion scripts ask with; its words are no command line yet. */
const COMPLETE = '__complete';

/** Runs `plinth ARGS…` and gives its exit code. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<ExitCode> {
  const program = new Command('plinth')
    .description('plinth: your own Linux machines, upstream Kubernetes')
    .option('-p, --project <name>', 'the project (PLINTH_PROJECT)')
    .option('--context <name>', 'a server of `plinth config` (PLINTH_CONTEXT)')
    .option('--server <url>', 'the API (PLINTH_URL)')
    .option('--key-file <file>', 'a file with the API key (else PLINTH_API_KEY)')
    .showHelpAfterError('(plinth help COMMAND says more)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => options.out(text.trimEnd()),
      writeErr: (text) => options.err(text.trimEnd()),
    });
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const context: CommandContext = {
    env: options.env,
    globals,
    session: () => openSession(globals(), options.env),
    ...{ out: options.out, err: options.err, screen: options.screen },
    paint: options.paint ?? plain,
    ...(options.ask === undefined ? {} : { ask: options.ask }),
    stdin: options.stdin ?? (() => ''),
    interrupt: options.interrupt ?? (() => new AbortController().signal),
  };
  for (const add of COMMANDS) add(program, context);
  for (const command of [program, ...program.commands]) {
    command.helpCommand(command.commands.length > 0);
  }
  if (args[0] === COMPLETE) {
    const found = await complete(program, args.slice(1), options.env);
    if (found.length > 0) options.out(found.join('\n'));
    return ExitCode.Ok;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.Ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
    if (!(error instanceof CliError)) throw error;
    report(error, options);
    return error.exitCode;
  }
}

function report(
  { message, problems }: CliError,
  { err, errorPaint = plain }: ProgramOptions,
): void {
  if (message === '') return;
  err(`${errorPaint('plinth:', Sgr.Red)} ${message}`);
  for (const { path, message: what } of problems) {
    err(`  ${path === '' ? '' : `${path}: `}${what}`);
  }
}
