import { join } from 'node:path';

import { Connection } from '@temporalio/client';

import { SEARCH_ATTRIBUTES } from '../core/clusterWorkflow.js';
import { freePort } from './freePort.js';
import { ensurePythonTools } from './pythonTools.js';
import { startServerProcess } from './serverProcess.js';
import type { ServerProcess } from './serverProcess.js';
import { RETENTION_DAYS, prepareNamespace } from './temporalNamespace.js';

export { RETENTION_DAYS };

export interface TemporalOptions {
  /** Holds the histories, the log and the pid file; made when missing. */
  dataDir: string;
  /** Address to listen on. */
  host: string;
  /** Default: a free one. */
  port?: number;
  /** Default: a free one. */
  uiPort?: number;
  /** Keyword attributes; default: those our workflows set. */
  searchAttributes?: readonly string[];
}

export interface EmbeddedTemporal extends ServerProcess {
  address: string;
  uiUrl: string;
}

/**
 * A Temporal server with its web page on one data directory, answering when this resolves: namespace
 * `default` with 90 days' retention and our search attributes. Histories survive its `kill -9`.
 */
export async function startTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const { temporal } = await ensurePythonTools();
  const { host, dataDir, searchAttributes = SEARCH_ATTRIBUTES } = options;
  const port = await freePort(host, options.port);
  const uiPort = await freePort(host, options.uiPort);
  const name = host.includes(':') ? `[${host}]` : host;
  const address = `${name}:${String(port)}`;
  const server = await startServerProcess({
    name: 'temporal',
    dataDir,
    command: [
      ...[temporal, 'server', 'start-dev', '--ip', host, '--port', String(port)],
      ...['--ui-port', String(uiPort), '--ui-disable-news-fetch'],
      ...['--db-filename', join(dataDir, 'temporal.db'), '--log-level', 'warn'],
      // An activity comes with the answer to the task that schedules it: one round trip less for each step.
      ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
      ...searchAttributes.flatMap((attribute) => ['--search-attribute', `${attribute}=Keyword`]),
    ] as [string, ...string[]],
    ready: () => prepare(address, searchAttributes),
  });
  return { ...server, address, uiUrl: `http://${name}:${String(uiPort)}` };
}

async function prepare(address: string, searchAttributes: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
  try {
    await prepareNamespace(connection, { namespace: 'default', searchAttributes });
  } finally {
    await connection.close();
  }
}
