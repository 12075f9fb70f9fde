import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MongoClient } from 'mongodb';

import { startMongo } from '../../embedded/mongo.js';
import type { StoreOptions } from '../../store/client.js';
import { createStore } from '../../store/store.js';
import type { Store } from '../../store/types.js';

export interface TestDatabase {
  uri: string;
  database: string;
  store: Store;
  /** Looks behind the store. */
  client: MongoClient;
  close(): Promise<void>;
}

/**
 * A store on a database of its own: on the server that TEST_MONGODB_URI names (a real MongoDB, say), else
 * on an embedded one started for it.
 */
export async function openTestDatabase(
  options: Pick<StoreOptions, 'logs'> = {},
): Promise<TestDatabase> {
  const server = await openServer();
  const database = `test-${randomUUID().slice(0, 8)}`;
  const store = await createStore({ uri: server.uri, database, ...options });
  const client = await MongoClient.connect(server.uri);
  return {
    uri: server.uri,
    database,
    store,
    client,
    async close() {
      await client.db(database).dropDatabase();
      await client.close();
      await store.close();
      await server.stop();
    },
  };
}

async function openServer(): Promise<{ uri: string; stop(): Promise<void> }> {
  const given = process.env.TEST_MONGODB_URI;
  if (given) return { uri: given, stop: () => Promise.resolve() };
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-store-'));
  const server = await startMongo({ dataDir, host: '127.0.0.1' });
  return {
    uri: server.uri,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
