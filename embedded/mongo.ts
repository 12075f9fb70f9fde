import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { MongoClient } from 'mongodb';

import { freePort } from './freePort.js';
import { ensurePythonTools } from './pythonTools.js';
import { startServerProcess } from './serverProcess.js';
import type { ServerProcess } from './serverProcess.js';

const NUDGE_MS = 50;

export interface MongoOptions {
  /** Holds the database, its log and its pid file; made when missing. */
  dataDir: string;
  /** Address to listen on. */
  host: string;
  /** Default: a free one. */
  port?: number;
}

export interface EmbeddedMongo extends ServerProcess {
  uri: string;
}

/**
 * A MongoDB-compatible server on one data directory, answering when this resolves. What it acknowledged
 * survives its `kill -9`.
 */
export async function startMongo(options: MongoOptions): Promise<EmbeddedMongo> {
  const { secantusd } = await ensurePythonTools();
  const port = await freePort(options.host, options.port);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  // Without a named file it would take a person's own ~/.secantus/secantusd.toml.
  const config = join(options.dataDir, 'mongo.toml');
  await writeFile(config, '', { mode: 0o600 });
  const uri = `mongodb://${bracketed(options.host)}:${String(port)}/?directConnection=true`;
  const server = await startServerProcess({
    name: 'mongo',
    dataDir: options.dataDir,
    command: [
      secantusd,
      ...['--config', config, '--host', options.host, '--port', String(port)],
      ...['--storage-path', join(options.dataDir, 'mongo'), '--log-level', 'WARNING'],
      // Without it a kill loses the writes of the last moments although they were acknowledged.
      '--sync-on-commit',
    ],
    ready: () => ping(uri),
  });
  return {
    ...server,
    uri,
    async stop() {
      const nudging = setInterval(() => nudge(options.host, port), NUDGE_MS);
      await server.stop().finally(() => clearInterval(nudging));
    },
  };
}

/** Stopping, it waits 2 s for its accept call, which ends at once with one more connection. */
function nudge(host: string, port: number): void {
  const socket = connect(port, host, () => socket.destroy());
  socket.on('error', () => undefined);
}

async function ping(uri: string): Promise<void> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500 });
  try {
    await client.db('admin').command({ ping: 1 });
  } finally {
    await client.close();
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
