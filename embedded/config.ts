import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';

import { z } from 'zod';

import { DEFAULT_RENEW_DAYS, MAX_RENEW_DAYS } from '../core/certificates.js';
import { Secret } from '../vault/secret.js';
import { folderOrFile, readableFile } from './readableFile.js';
import {
  checkTemporalAccess,
  refusedTemporalSettings,
  TEMPORAL_ACCESS_SETTINGS,
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
  throw new ConfigError(
    missing.map((name) => `${name}: not set (npm start sets it to an embedded server's address)`),
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

const listenAddress = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, { error: 'not HOST:PORT' })
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return {
      host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(text.slice(colon + 1)),
    };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, { error: 'not a port number (1-65535)' });

/** These URLs are logged, sent to machines and shown in commands; nothing of ours logs in with them. */
const NO_PASSWORD = 'holds a user or password, which would be shown to everyone: leave them out';

const OTLP_PROTOCOL = 'http/protobuf';

const otlpEndpoint = z.url({ protocol: /^https?$/, error: 'not an http or https URL' }).optional();

const DAYS = `not a number of days from 1 to ${String(MAX_RENEW_DAYS)}`;

const TEMPORAL_SETTINGS = {
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, { error: 'not HOST:PORT' })
    .optional(),
  TEMPORAL_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, { error: 'not the name of a Temporal namespace' })
    .default('default'),
  ...TEMPORAL_ACCESS_SETTINGS,
} as const;

const temporalSchema = z.object(TEMPORAL_SETTINGS).superRefine(checkTemporalAccess);

const workerSchema = z
  .object({
    PLINTH_HOST: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, { error: 'not a host name or IP address' })
      .default('127.0.0.1'),
    PLINTH_PORT: z
      .string()
      .regex(/^\d{1,5}$/, { error: 'not a port number' })
      .transform(Number)
      .refine((port) => port >= 1 && port <= 65_535, { error: 'not a port number (1-65535)' })
      .default(8080),
    PLINTH_DATA: folderOrFile.default(resolve('.plinth')),
    PLINTH_KEYS: folderOrFile.optional(),
    PLINTH_URL: z
      .url({ protocol: /^https?$/, error: 'not an http or https URL' })
      .refine((url) => !holdsPassword(url), { error: NO_PASSWORD })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    PLINTH_ARTIFACTS: z.string().default('online').transform(artifacts),
    PLINTH_MASTER_KEY: z.string().optional(),
    PLINTH_CODEC: z.literal('off', { error: codecMessage }).optional(),
    PLINTH_RATE_LIMIT: z
      .string()
      .regex(/^\d{1,6}$/, { error: 'not a number of requests a second (0: no limit)' })
      .transform(Number)
      .default(2000),
    PLINTH_LOG_DAYS: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, { error: 'not a number of days (1-9999)' })
      .transform(Number)
      .default(90),
    PLINTH_LOG_MB: z
      .string()
      .regex(/^[1-9]\d{0,5}$/, { error: 'not a number of MiB for each cluster (1-999999)' })
      .transform(Number)
      .default(256),
    PLINTH_RENEW_DAYS: z
      .string()
      .regex(/^\d{1,3}$/, { error: DAYS })
      .transform(Number)
      .refine((days) => days >= 1 && days <= MAX_RENEW_DAYS, { error: DAYS })
      .default(DEFAULT_RENEW_DAYS),
    PLINTH_METRICS: listenAddress.optional(),
    PLINTH_TEMPORAL_METRICS: listenAddress.optional(),
    PLINTH_TLS_CERT: folderOrFile.optional(),
    PLINTH_TLS_KEY: folderOrFile.optional(),
    ...TEMPORAL_SETTINGS,
    TEMPORAL_UI_URL: z
      .url({ protocol: /^https?$/, error: 'not an http or https URL' })
      .refine((url) => !holdsPassword(url), { error: NO_PASSWORD })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    MONGODB_URI: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\/\S+$/, { error: 'not a mongodb:// or mongodb+srv:// URI' })
      .optional(),
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: otlpEndpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: z.string().optional(),
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional(),
    OTEL_TRACES_EXPORTER: z.string().optional(),
    OTEL_SDK_DISABLED: z.string().optional(),
  })
  .superRefine(checkTemporalAccess)
  .superRefine((set, context) => {
    if (!wantsTraces(set)) return;
    for (const name of [
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
    ] as const) {
      if (set[name] === undefined || set[name] === OTLP_PROTOCOL) continue;
      const message = `not \`${OTLP_PROTOCOL}\`, the protocol that plinth speaks: leave it out and name the collector's HTTP address (port 4318)`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .superRefine((set, context) => {
    if ((set.PLINTH_TLS_CERT === undefined) === (set.PLINTH_TLS_KEY === undefined)) return;
    const [missing, there] =
      set.PLINTH_TLS_CERT === undefined
        ? ['PLINTH_TLS_CERT', 'PLINTH_TLS_KEY']
        : ['PLINTH_TLS_KEY', 'PLINTH_TLS_CERT'];
    context.addIssue({
      code: 'custom',
      path: [missing],
      message: `not set, but ${there} is: TLS needs both`,
    });
  });

/** The API reads these; a worker may have the same settings and another user. */
const apiSchema = workerSchema.superRefine((set, context) => {
  for (const name of ['PLINTH_TLS_CERT', 'PLINTH_TLS_KEY'] as const) {
    const { error } = readableFile.optional().safeParse(set[name]);
    for (const { message } of error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [name], message });
    }
  }
});

function wantsTraces(set: {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined;
  OTEL_TRACES_EXPORTER?: string | undefined;
  OTEL_SDK_DISABLED?: string | undefined;
}): boolean {
  const endpoint = set.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? set.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined || set.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  return (set.OTEL_TRACES_EXPORTER ?? 'otlp').split(',').includes('otlp');
}

function codecMessage({ input }: { input?: unknown }): string {
  return input === 'on'
    ? 'encrypted workflow payloads are not available yet: leave it off (payloads hold references and plain facts, no secrets)'
    : 'not `off`';
}

function holdsPassword(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && (url.username !== '' || url.password !== '');
}

function artifacts(setting: string, context: z.RefinementCtx): string {
  if (setting === 'online') return setting;
  if (holdsPassword(setting)) {
    context.addIssue({ code: 'custom', message: NO_PASSWORD });
    return z.NEVER;
  }
  if (URL.canParse(setting) && /^https?:$/.test(new URL(setting).protocol)) return setting;
  const folder = resolve(setting);
  if (isFolder(folder)) return folder;
  context.addIssue({
    code: 'custom',
    message: `neither \`online\`, a mirror's http(s) URL, nor a bundle's folder (there is no folder ${folder} that plinth may enter)`,
  });
  return z.NEVER;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // It is in a folder that is closed to us.
    return false;
  }
}
