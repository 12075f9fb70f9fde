import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { loadMasterKey } from '../vault/masterKey.js';
import { ConfigError, type StartConfig } from './config.js';
import { startEntry } from './entryProcess.js';
import { freePort } from './freePort.js';
import { startMongo } from './mongo.js';
import { clearPidFile, writePidFile } from './pidFile.js';
import { choosePort, type PortName } from './ports.js';
import { ensurePythonTools } from './pythonTools.js';
import type { ServerProcess } from './serverProcess.js';
import { supervise, type Supervised } from './supervise.js';
import { startTemporal } from './temporal.js';

/** Everything of one plinth on this computer. */
export interface Plinth {
  /** Of the API, as this computer reaches it. */
  url: string;
  /** Absent where Temporal is not ours. */
  temporalUiUrl?: string;
  temporalAddress: string;
  mongodbUri: string;
  adminKey: { key: string; path: string; isNew: boolean };
  /** Of the processes that run now, by name. */
  pids(): Record<string, number>;
  /** API and worker first, then the servers they write to. */
  stop(): Promise<void>;
}

export interface StartOptions {
  config: StartConfig;
  /** The processes' environment; settings of `config` and the servers' addresses are put into it. */
  env: NodeJS.ProcessEnv;
  /** One line for people. */
  say: (line: string) => void;
}

/** The embedded servers are for this computer alone. */
const LOOPBACK = '127.0.0.1';
const PORT_ATTEMPTS = 3;

/**
 * Starts the embedded servers where no address was given, then the API and the worker; all serve when this
 * resolves. Each is started again when it ends, until `stop`.
 * @throws ConfigError for settings that only show themselves as wrong here; AppError Conflict when another
 * process runs on the same data directory; EntryError with the end of the log of what did not start.
 */
export async function startPlinth({ config, env, say }: StartOptions): Promise<Plinth> {
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  await mkdir(config.keys, { recursive: true, mode: 0o700 });
  await stopLeftovers(config.data);
  // After them: what a killed run left may still listen.
  await checkSettings(config);
  const pidPath = join(config.data, 'plinth.pid');
  await writePidFile(pidPath, process.pid);
  await loadMasterKey({ masterKey: config.masterKey, dataDir: config.data });

  const running = new Map<string, Supervised<ServerProcess>>();
  const stopAll = async (...names: string[]): Promise<void> => {
    await Promise.all(names.map(async (name) => running.get(name)?.stop()));
  };
  const stop = async (): Promise<void> => {
    await stopAll('api', 'worker');
    await stopAll('temporal', 'mongo');
    await rm(pidPath, { force: true });
  };
  const run = async <T extends ServerProcess>(name: string, start: () => Promise<T>) => {
    const supervised = await supervise({ name, start, say });
    running.set(name, supervised);
    return supervised.current();
  };
  try {
    const keyPath = join(config.data, 'admin-api-key');
    const isNew = (await stat(keyPath).catch(() => undefined)) === undefined;
    const servers = await startServers(config, say, run);
    const entryEnv = entryEnvironment(config, env, servers);
    const entry = (name: string) => () =>
      startEntry({ name, script: `${name}/main.js`, dataDir: config.data, env: entryEnv });
    await both(run('api', entry('api')), run('worker', entry('worker')));
    return {
      url: localUrl(config),
      ...servers,
      adminKey: { key: (await readFile(keyPath, 'utf8')).trim(), path: keyPath, isNew },
      pids: () =>
        Object.fromEntries([...running].map(([name, process]) => [name, process.current().pid])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Ends what a killed run left on a data directory.
 * @throws AppError Conflict when a living process runs on it.
 */
export async function stopLeftovers(dataDir: string): Promise<void> {
  for (const name of ['plinth', 'api', 'worker', 'temporal', 'mongo']) {
    await clearPidFile(join(dataDir, `${name}.pid`), `plinth already runs on ${dataDir}`);
  }
}

interface Servers {
  temporalAddress: string;
  mongodbUri: string;
  temporalUiUrl?: string;
}

type Run = <T extends ServerProcess>(name: string, start: () => Promise<T>) => Promise<T>;

async function startServers(
  config: StartConfig,
  say: (line: string) => void,
  run: Run,
): Promise<Servers> {
  const { data, mongodbUri, temporalAddress } = config;
  if (mongodbUri !== undefined && temporalAddress !== undefined) {
    return { mongodbUri, temporalAddress };
  }
  await ensurePythonTools({
    onInstall: (directory) =>
      say(`installing the embedded servers into ${directory} (about 20 s, once) …`),
  });
  const port = (name: PortName) => choosePort(data, name, LOOPBACK);
  const startOurMongo = async (): Promise<string> => {
    const at = await port('mongo');
    const start = () => startMongo({ dataDir: data, host: LOOPBACK, port: at });
    return (await run('mongo', start)).uri;
  };
  const uri = mongodbUri ?? (await firstStart(startOurMongo));
  if (temporalAddress !== undefined) return { mongodbUri: uri, temporalAddress };
  const temporal = await firstStart(async () => {
    const at = { port: await port('temporal'), uiPort: await port('temporalUi') };
    return run('temporal', () => startTemporal({ dataDir: data, host: LOOPBACK, ...at }));
  });
  return { mongodbUri: uri, temporalAddress: temporal.address, temporalUiUrl: temporal.uiUrl };
}

/** Between the choice of a port and listening on it somebody else may take it: then another is chosen. */
async function firstStart<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function entryEnvironment(
  config: StartConfig,
  env: NodeJS.ProcessEnv,
  servers: Servers,
): NodeJS.ProcessEnv {
  return {
    ...env,
    PLINTH_HOST: config.host,
    PLINTH_PORT: String(config.port),
    PLINTH_DATA: config.data,
    PLINTH_KEYS: config.keys,
    PLINTH_URL: config.url,
    PLINTH_ARTIFACTS: config.artifacts,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TEMPORAL_NAMESPACE: config.temporalNamespace,
    TEMPORAL_UI_URL: config.temporalUiUrl ?? servers.temporalUiUrl,
    MONGODB_URI: servers.mongodbUri,
  };
}

async function checkSettings(config: StartConfig): Promise<void> {
  if (config.temporalAddress === undefined && config.temporalNamespace !== 'default') {
    throw new ConfigError([
      'TEMPORAL_NAMESPACE: the embedded server has the namespace `default` only (TEMPORAL_ADDRESS is not set)',
    ]);
  }
  const { apiKey, tls } = config.temporalAccess;
  if (config.temporalAddress === undefined && (apiKey !== undefined || tls !== undefined)) {
    throw new ConfigError([
      'TEMPORAL_ADDRESS: not set, but TEMPORAL_API_KEY or TEMPORAL_TLS… are: the embedded server has neither',
    ]);
  }
  try {
    await freePort(config.host, config.port);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`PLINTH_HOST, PLINTH_PORT: ${reason}`]);
  }
}

/** An address to listen on is not always one to call. */
function localUrl({ host, port, tls }: StartConfig): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host];
  const name = reachable ?? (host.includes(':') ? `[${host}]` : host);
  return `${tls === undefined ? 'http' : 'https'}://${name}:${String(port)}`;
}

/** Waits for both, so that whatever did start is known and can be stopped, then fails with the first failure. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
