import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { z } from 'zod';

import { DEFAULT_DRAIN_MINUTES, MAX_DRAIN_MINUTES } from '../core/drain.js';
import { DEFAULT_RENEW_DAYS, MAX_RENEW_DAYS } from '../core/certificates.js';
import { folderOrFile, readableFile } from './readableFile.js';
import { checkTemporalAccess, TEMPORAL_ACCESS_SETTINGS } from './temporalSettings.js';

/*
 * What each variable may hold, and what they are when they are not set.
 */

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

function numberOf(unit: string, most: number) {
  const error = `not a number of ${unit} from 1 to ${String(most)}`;
  return z
    .string()
    .regex(/^\d{1,3}$/, { error })
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, { error });
}

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

/** Of a program that needs Temporal only. */
export const temporalSchema = z.object(TEMPORAL_SETTINGS).superRefine(checkTemporalAccess);

/** Of the worker: the API's certificate and key may be closed to it. */
export const workerSchema = z
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
    PLINTH_RENEW_DAYS: numberOf('days', MAX_RENEW_DAYS).default(DEFAULT_RENEW_DAYS),
    PLINTH_DRAIN_MINUTES: numberOf('minutes', MAX_DRAIN_MINUTES).default(DEFAULT_DRAIN_MINUTES),
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

/** Of the API, which reads them. */
export const apiSchema = workerSchema.safeExtend({
  PLINTH_TLS_CERT: readableFile.optional(),
  PLINTH_TLS_KEY: readableFile.optional(),
});

/** Whether spans are to be sent anywhere. */
export function wantsTraces(set: {
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
