import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MongoClient } from 'mongodb';

import { startEntry } from '../embedded/entryProcess.js';
import { freePort } from '../embedded/freePort.js';
import { startMongo } from '../embedded/mongo.js';
import { createStore } from '../store/store.js';
import { seedClusters } from './apiSeed.js';

export interface StoredApi {
  url: string;
  adminKey: string;
  /** Of the clusters, in their order. */
  names: string[];
  /** Of the database. */
  uri: string;
  database: string;
}

const HOST = '127.0.0.1';

/**
 * The API's own process over a database with so many clusters; nothing was asked of it yet. What is to be ended, in the
 * reverse order, goes into `ends`.
 */
export async function startStoredApi(
  clusters: number,
  ends: (() => Promise<unknown>)[],
): Promise<StoredApi> {
  const data = await mkdtemp(join(tmpdir(), 'plinth-bench-'));
  ends.push(() => rm(data, { recursive: true, force: true }));
  const mongo = await startMongo({ dataDir: data, host: HOST });
  ends.push(() => mongo.stop());
  const database = `bench-${randomUUID().slice(0, 8)}`;
  const uri = mongo.uri.replace('/?', `/${database}?`);
  const names = await seed(uri, database, clusters);
  const port = await freePort(HOST);
  const entry = await startEntry({
    ...{ name: 'api', script: 'api/main.js', dataDir: data },
    env: {
      ...process.env,
      ...{ MONGODB_URI: uri, PLINTH_DATA: data, PLINTH_HOST: HOST, PLINTH_PORT: String(port) },
      // One key asks for everything here.
      PLINTH_RATE_LIMIT: '0',
      // Nothing that is measured asks for it.
      TEMPORAL_ADDRESS: `${HOST}:1`,
    },
  });
  ends.push(() => entry.stop());
  const adminKey = (await readFile(join(data, 'admin-api-key'), 'utf8')).trim();
  return { url: `http://${HOST}:${String(port)}`, adminKey, names, uri, database };
}

async function seed(uri: string, database: string, clusters: number): Promise<string[]> {
  const store = await createStore({ uri });
  const client = await MongoClient.connect(uri);
  try {
    return await seedClusters(store, client.db(database), clusters);
  } finally {
    await client.close();
    await store.close();
  }
}
