import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEntry } from '../../embedded/entryProcess.js';
import { freePort } from '../../embedded/freePort.js';
import { startMongo } from '../../embedded/mongo.js';
import { startTemporal } from '../../embedded/temporal.js';
import { createStore } from '../../store/store.js';
import type { Store } from '../../store/types.js';
import { writeSshKey } from '../api/openTestApi.js';

/** The API's own process, as `npm start` and the image run it, with its servers and no worker. */
export interface RunningApi {
  url: string;
  adminKey: string;
  /** Where its keys lie. */
  dataDir: string;
  temporalAddress: string;
  /** Of the same database: a test writes what a worker would. */
  store: Store;
  /** A project of a name of its own. */
  project(): Promise<string>;
  stop(): Promise<void>;
}

export async function startRunningApi(more: NodeJS.ProcessEnv = {}): Promise<RunningApi> {
  const host = '127.0.0.1';
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-api-'));
  const keys = join(dataDir, 'ssh-keys');
  await mkdir(keys, { mode: 0o700 });
  writeSshKey(join(keys, 'id_ed25519'));
  const [mongo, temporal, port] = await Promise.all([
    startMongo({ dataDir, host }),
    startTemporal({ dataDir, host }),
    freePort(host),
  ]);
  const settings = {
    PLINTH_HOST: host,
    PLINTH_PORT: String(port),
    PLINTH_DATA: dataDir,
    PLINTH_KEYS: keys,
    MONGODB_URI: mongo.uri,
    TEMPORAL_ADDRESS: temporal.address,
  };
  const env = { PATH: process.env['PATH'], ...settings, ...more };
  const api = await startEntry({ name: 'api', script: 'api/main.js', dataDir, env });
  const store = await createStore({ uri: mongo.uri });
  return {
    url: `${more['PLINTH_TLS_CERT'] === undefined ? 'http' : 'https'}://${host}:${String(port)}`,
    adminKey: (await readFile(join(dataDir, 'admin-api-key'), 'utf8')).trim(),
    temporalAddress: temporal.address,
    dataDir,
    store,
    async project() {
      const { name } = await store.projects.create({ name: `p-${randomUUID().slice(0, 8)}` });
      return name;
    },
    async stop() {
      await store.close();
      await api.stop();
      await Promise.all([mongo.stop(), temporal.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
