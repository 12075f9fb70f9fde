import { AppError } from '../core/errors.js';
import { ConfigError, EXIT_CONFIG, readStartConfig } from './config.js';
import { EntryError } from './entryProcess.js';
import { startPlinth, type Plinth } from './start.js';

const config = readStartConfig(process.env);
const startedAt = Date.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let plinth: Plinth | undefined;
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A second one does not wait: the processes end by themselves when we are gone.
    if (stopping) process.exit(130);
    stopping = true;
    if (plinth !== undefined) void stop(plinth);
  });
}

try {
  say('plinth: starting …');
  plinth = await startPlinth({ config, env: process.env, say: (line) => say(`plinth: ${line}`) });
  if (isStopping()) await stop(plinth);
  else announce(plinth);
} catch (error) {
  process.stderr.write(`plinth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

function announce({ url, temporalUiUrl, adminKey }: Plinth): void {
  say(`
plinth is ready (${((Date.now() - startedAt) / 1000).toFixed(1)} s); Ctrl-C stops it
  API            ${url}
  API reference  ${url}/swagger
  Temporal UI    ${temporalUiUrl ?? `of ${config.temporalAddress ?? ''}`}
  Data and logs  ${config.data}
  Admin API key  ${adminKey.isNew ? `${adminKey.key}  (shown once; kept in ${adminKey.path})` : `in ${adminKey.path}`}
`);
}

async function stop(running: Plinth): Promise<void> {
  say('plinth: stopping …');
  await running.stop();
  say('plinth: stopped');
}

/** Read again after an await: the compiler does not know that a signal may have come. */
function isStopping(): boolean {
  return stopping;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CONFIG;
  if (error instanceof EntryError && error.exitCode === EXIT_CONFIG) return EXIT_CONFIG;
  // sysexits(3) EX_TEMPFAIL: somebody else runs on this data directory.
  if (error instanceof AppError && error.code === 'Conflict') return 75;
  return 1;
}
