import { readFileSync } from 'node:fs';

import type { ConnectionOptions } from '@temporalio/client';

import type { TemporalAccess, TemporalTls } from './temporalSettings.js';

/** What a client's connection and a worker's native one both take. */
export interface TemporalConnectionOptions {
  address: string;
  tls: NonNullable<ConnectionOptions['tls']>;
  apiKey?: string;
}

/** How every process of ours connects to Temporal. Reads the certificates: renewed ones need a restart. */
export function temporalConnection(config: {
  temporalAddress: string;
  temporalAccess: TemporalAccess;
}): TemporalConnectionOptions {
  const { apiKey, tls } = config.temporalAccess;
  return {
    address: config.temporalAddress,
    // `false`, not absent: the SDK takes an API key alone for the wish for TLS.
    tls: tls === undefined ? false : tlsOptions(tls),
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
  };
}

function tlsOptions({ serverCa, serverName, client }: TemporalTls) {
  return {
    ...(serverCa === undefined ? {} : { serverRootCACertificate: readFileSync(serverCa) }),
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(client === undefined
      ? {}
      : { clientCertPair: { crt: readFileSync(client.cert), key: readFileSync(client.key) } }),
  };
}
