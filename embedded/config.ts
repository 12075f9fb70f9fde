import { join } from 'node:path';
import { inspect } from 'node:util';

import type { z } from 'zod';

import { Secret } from '../vault/secret.js';
import { apiSchema, temporalSchema, wantsTraces, workerSchema } from './settings.js';
import {
  refusedTemporalSettings,
  temporalAccess,
  type TemporalAccess,
} from './temporalSettings.js';

/** sysexits(3) EX_CONFIG. */
export const EXIT_CONFIG = 78;

export interface Address {
  host: string;
  port: number;
}

/** Settings of a program that needs Temporal only. */
export interface TemporalConfig {
  temporalAddress: string | undefined;
  temporalNamespace: string;
  temporalAccess: TemporalAccess;
}

/** The same where it has to be there already. */
export interface TemporalClientConfig extends TemporalConfig {
  temporalAddress: string;
}

/** Settings of a process that starts the embedded servers where no address is given. */
export interface StartConfig extends TemporalConfig {
  host: string;
  port: number;
  /** Absolute. */
  data: string;
  /** Absolute: the folder `privateKeyPath` points into. */
  keys: string;
  /** Where machines reach the API, without a slash at the end. */
  url: string;
  /** `online`, a mirror's base URL, or a bundle's folder (absolute). */
  artifacts: string;
  masterKey: Secret | undefined;
  /** Of one API key; 0: no limit. */
  requestsPerSecond: number;
  /** How long and how much of the steps' output is kept. */
  logs: { days: number; bytesPerCluster: number };
  /** Days before its end that a certificate of a cluster is renewed. */
  renewDays: number;
  /** How long disruption budgets may hold a drain up. */
  drainMinutes: number;
  /** Where the worker's metrics are served; Temporal's own of its client. Undefined: nowhere. */
  metrics: { worker: Address | undefined; temporal: Address | undefined };
  /** Whether traces are sent; where to, and all else about them, OpenTelemetry's variables say. */
  tracing: boolean;
  /** Paths of PEM files. */
  tls: { cert: string; key: string } | undefined;
  /** Temporal's Web UI as people reach it, without a slash at the end. */
  temporalUiUrl: string | undefined;
  mongodbUri: string | undefined;
}

/** Settings of the API and the worker: the servers' addresses are known. */
export interface Config extends StartConfig {
  temporalAddress: string;
  mongodbUri: string;
}

/** One line per bad value: the variable's name and the reason. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** Settings as `npm start` reads them. @throws ConfigError naming every bad variable. */
export function parseStartConfig(env: NodeJS.ProcessEnv): StartConfig {
  return startConfig(checked(apiSchema, env));
}

function checked<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  const problems = [
    ...(parsed.error?.issues ?? []).map(
      ({ path, message }) => `${path.map(String).join('.')}: ${message}`,
    ),
    ...refusedTemporalSettings(Object.keys(given)),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError(problems);
}

function startConfig(set: z.output<typeof apiSchema>): StartConfig {
  const { PLINTH_TLS_CERT: cert, PLINTH_TLS_KEY: key } = set;
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  return printable({
    host: set.PLINTH_HOST,
    port: set.PLINTH_PORT,
    data: set.PLINTH_DATA,
    keys: set.PLINTH_KEYS ?? join(set.PLINTH_DATA, 'ssh-keys'),
    url: set.PLINTH_URL ?? ownUrl(set.PLINTH_HOST, set.PLINTH_PORT, tls !== undefined),
    artifacts: set.PLINTH_ARTIFACTS,
    masterKey: set.PLINTH_MASTER_KEY === undefined ? undefined : new Secret(set.PLINTH_MASTER_KEY),
    requestsPerSecond: set.PLINTH_RATE_LIMIT,
    logs: { days: set.PLINTH_LOG_DAYS, bytesPerCluster: set.PLINTH_LOG_MB * 2 ** 20 },
    renewDays: set.PLINTH_RENEW_DAYS,
    drainMinutes: set.PLINTH_DRAIN_MINUTES,
    metrics: { worker: set.PLINTH_METRICS, temporal: set.PLINTH_TEMPORAL_METRICS },
    tracing: wantsTraces(set),
    tls,
    ...temporalConfig(set),
    temporalUiUrl: set.TEMPORAL_UI_URL,
    mongodbUri: set.MONGODB_URI,
  });
}

function temporalConfig(set: z.output<typeof temporalSchema>): TemporalConfig {
  return {
    temporalAddress: set.TEMPORAL_ADDRESS,
    temporalNamespace: set.TEMPORAL_NAMESPACE,
    temporalAccess: temporalAccess(set),
  };
}

/** Settings of Temporal alone: whatever else is set is not for who needs only these. @throws ConfigError naming every bad variable. */
export function parseTemporalConfig(env: NodeJS.ProcessEnv): TemporalConfig {
  return temporalConfig(checked(temporalSchema, env));
}

/** The same of who asks a Temporal that is there: which one has to be said. @throws ConfigError naming every bad variable. */
export function parseTemporalClientConfig(env: NodeJS.ProcessEnv): TemporalClientConfig {
  const config = parseTemporalConfig(env);
  const { temporalAddress } = config;
  if (temporalAddress === undefined) throw notSet(['TEMPORAL_ADDRESS']);
  return { ...config, temporalAddress };
}

/** Settings as the API reads them. @throws ConfigError naming every bad variable. */
export function parseApiConfig(env: NodeJS.ProcessEnv): Config {
  return withServers(parseStartConfig(env));
}

/** Settings as the worker reads them: the API's certificate and key may be closed to it. @throws ConfigError naming every bad variable. */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  return withServers(startConfig(checked(workerSchema, env)));
}

function withServers(config: StartConfig): Config {
  const { temporalAddress, mongodbUri } = config;
  if (temporalAddress !== undefined && mongodbUri !== undefined) {
    return printable({ ...config, temporalAddress, mongodbUri });
  }
  const missing = [
    ...(temporalAddress === undefined ? ['TEMPORAL_ADDRESS'] : []),
    ...(mongodbUri === undefined ? ['MONGODB_URI'] : []),
  ];
  throw notSet(missing);
}

function notSet(names: readonly string[]): ConfigError {
  return new ConfigError(
    names.map((name) => `${name}: not set (npm start sets it to an embedded server's address)`),
  );
}

/** `parseConfig` for mains: a bad value is printed and ends the process with 78. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  return orExit(() => parseConfig(env));
}

/** `parseApiConfig` for mains: a bad value is printed and ends the process with 78. */
export function readApiConfig(env: NodeJS.ProcessEnv): Config {
  return orExit(() => parseApiConfig(env));
}

/** `parseTemporalConfig` for mains: a bad value is printed and ends the process with 78. */
export function readTemporalConfig(env: NodeJS.ProcessEnv): TemporalConfig {
  return orExit(() => parseTemporalConfig(env));
}

/** `parseTemporalClientConfig` for mains: a bad value is printed and ends the process with 78. */
export function readTemporalClientConfig(env: NodeJS.ProcessEnv): TemporalClientConfig {
  return orExit(() => parseTemporalClientConfig(env));
}

/** `parseStartConfig` for mains: a bad value is printed and ends the process with 78. */
export function readStartConfig(env: NodeJS.ProcessEnv): StartConfig {
  return orExit(() => parseStartConfig(env));
}

function orExit<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function ownUrl(host: string, port: number, tls: boolean): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${String(port)}`;
}

/** Logged or inspected, the object shows `[secret]` in place of the database's password, too. */
function printable<T extends StartConfig>(config: T): T {
  const shown = () => ({
    ...config,
    mongodbUri: config.mongodbUri?.replace(/\/\/[^@/]*@/, '//[secret]@'),
  });
  return Object.defineProperties(config, {
    toJSON: { value: shown },
    [inspect.custom]: { value: shown },
  });
}
