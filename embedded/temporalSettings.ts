import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { Secret } from '../vault/secret.js';
import { readableFile } from './readableFile.js';

/** How Temporal is spoken to, but for its address. */
export interface TemporalAccess {
  apiKey: Secret | undefined;
  /** Undefined: without TLS. Paths of PEM files. */
  tls: TemporalTls | undefined;
}

export interface TemporalTls {
  /** Without one: those that the computer trusts. */
  serverCa?: string;
  serverName?: string;
  client?: { cert: string; key: string };
}

const certificateFile = readableFile.refine(
  holds((pem) => {
    // Node reads DER, too; those that connect do not.
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('not PEM');
    return new X509Certificate(pem);
  }),
  { error: 'holds no PEM certificate', abort: true },
);

/** Named as Temporal's own command line and SDKs name them: https://docs.temporal.io/references/client-environment-configuration */
export const TEMPORAL_ACCESS_SETTINGS = {
  TEMPORAL_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: 'not an API key (it holds spaces or what a header cannot)' })
    .optional(),
  TEMPORAL_TLS: z
    .enum(['true', 'false', '1', '0'], { error: 'neither `true` nor `false`' })
    .transform((text) => text === 'true' || text === '1')
    .optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificateFile.optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: readableFile
    .refine(
      holds((pem) => createPrivateKey(pem)),
      {
        error: 'holds no PEM private key that can be opened without a passphrase',
        abort: true,
      },
    )
    .optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificateFile.optional(),
  TEMPORAL_TLS_SERVER_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, { error: 'not the name of a host' })
    .optional(),
} as const;

const CERTIFICATE_FILES = 'write it to a file and name that in';

/** What Temporal's own programs know as well and plinth does not: ignored, it would leave a connection other than was asked for. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [
    /^TEMPORAL_TLS_CLIENT_CERT_DATA$/,
    `not read: ${CERTIFICATE_FILES} TEMPORAL_TLS_CLIENT_CERT_PATH`,
  ],
  [/^TEMPORAL_TLS_CLIENT_KEY_DATA$/, `not read: ${CERTIFICATE_FILES} TEMPORAL_TLS_CLIENT_KEY_PATH`],
  [
    /^TEMPORAL_TLS_SERVER_CA_CERT_DATA$/,
    `not read: ${CERTIFICATE_FILES} TEMPORAL_TLS_SERVER_CA_CERT_PATH`,
  ],
  [
    /^TEMPORAL_TLS_DISABLE_HOST_VERIFICATION$/,
    "leave it out: the server is always verified; TEMPORAL_TLS_SERVER_NAME says its certificate's name, TEMPORAL_TLS_SERVER_CA_CERT_PATH its authority",
  ],
  [
    /^TEMPORAL_GRPC_META_/,
    'leave it out: plinth sends no headers but the authorization that TEMPORAL_API_KEY is',
  ],
];

/** A line for each of those settings that is there. */
export function refusedTemporalSettings(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const reason = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
}

type AccessSettings = z.output<z.ZodObject<typeof TEMPORAL_ACCESS_SETTINGS>>;

/** What is wrong with settings that are good one by one. */
export function checkTemporalAccess(set: AccessSettings, context: z.RefinementCtx): void {
  const { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key } = set;
  const issue = (name: keyof AccessSettings, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (cert !== undefined && key === undefined) {
    issue('TEMPORAL_TLS_CLIENT_KEY_PATH', needsBoth('TEMPORAL_TLS_CLIENT_CERT_PATH'));
  } else if (cert === undefined && key !== undefined) {
    issue('TEMPORAL_TLS_CLIENT_CERT_PATH', needsBoth('TEMPORAL_TLS_CLIENT_KEY_PATH'));
  } else if (cert !== undefined && key !== undefined && !belongTogether(cert, key)) {
    issue('TEMPORAL_TLS_CLIENT_KEY_PATH', 'not the key of TEMPORAL_TLS_CLIENT_CERT_PATH');
  }
  const [other] = tlsDetails(set);
  if (set.TEMPORAL_TLS === false && other !== undefined) {
    issue('TEMPORAL_TLS', `off, but ${other} is set: leave one of them out`);
  }
}

/** TLS is spoken where anything of it is set, or an API key, as Temporal's own programs do. */
export function temporalAccess(set: AccessSettings): TemporalAccess {
  const { TEMPORAL_API_KEY: apiKey } = set;
  const { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key } = set;
  const isWanted = set.TEMPORAL_TLS ?? (apiKey !== undefined || tlsDetails(set).length > 0);
  const { TEMPORAL_TLS_SERVER_CA_CERT_PATH: serverCa, TEMPORAL_TLS_SERVER_NAME: serverName } = set;
  const tls: TemporalTls = {
    ...(serverCa === undefined ? {} : { serverCa }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
  };
  return {
    apiKey: apiKey === undefined ? undefined : new Secret(apiKey),
    tls: isWanted ? tls : undefined,
  };
}

function tlsDetails(set: AccessSettings): string[] {
  return Object.entries(set)
    .filter(([name, value]) => name.startsWith('TEMPORAL_TLS_') && value !== undefined)
    .map(([name]) => name);
}

function needsBoth(there: string): string {
  return `not set, but ${there} is: a client certificate needs both`;
}

function holds(parse: (pem: Buffer) => unknown): (path: string) => boolean {
  return (path) => {
    try {
      parse(readFileSync(path));
      return true;
    } catch {
      return false;
    }
  };
}

function belongTogether(cert: string, key: string): boolean {
  return new X509Certificate(readFileSync(cert)).checkPrivateKey(
    createPrivateKey(readFileSync(key)),
  );
}
