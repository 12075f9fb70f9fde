import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import type { Document, MongoClient } from 'mongodb';
import { stringify } from 'yaml';

import { newApp } from '../../api/app.js';
import { CLUSTER_EXAMPLE } from '../../api/schemas/example.js';
import { KUBECONFIG_EXAMPLE } from '../../api/schemas/kubeconfig.js';
import { WEBHOOK_EXAMPLE } from '../../api/schemas/webhook.js';
import { serve } from '../../api/server.js';
import { createClusterWorkflows } from '../../api/workflows.js';
import { startTemporal } from '../../embedded/temporal.js';
import { openTestApi, clustersOf, type TestApi } from '../api/openTestApi.js';
import { TasksetStatus } from '../../core/words.js';
import { tasksetRecord } from '../api/records.js';
import { byNameOnly } from '../fixtures/byNameOnly.js';

export interface ServedApi {
  url: string;
  api: TestApi;
  close(): Promise<void>;
}

/** The API over a real socket, with the real database and a real Temporal where no worker polls. */
export async function serveTestApi(): Promise<ServedApi> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-clients-'));
  const temporal = await startTemporal({ dataDir, host: '127.0.0.1' });
  const client = new Client({
    connection: await Connection.connect({ address: temporal.address }),
  });
  const api = await openTestApi();
  const workflows = createClusterWorkflows(client);
  const server = await serve(newApp({ ...api.deps, workflows }), { host: '127.0.0.1', port: 0 });
  return {
    ...{ url: server.url, api },
    async close() {
      await server.stop();
      await api.close();
      await client.connection.close();
      await temporal.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const PROJECT = 'defaultproject';

/**
 * Stores what the document's examples name, under the very ids, so that a client which follows them gets to
 * something. Gives the token of an installer command.
 */
export async function storeExamples(api: TestApi): Promise<{ installerToken: string }> {
  const { client, database, store } = api.database;
  await giveId(client, database, 'projects', { name: PROJECT }, 'k3v9x1q');
  const privateKey = await readFile(join(api.keysDir, 'id_ed25519'), 'utf8');
  await created(api, `/apis/infra.k8smgmt.io/v3/projects/${PROJECT}/credentials`, {
    metadata: { name: 'fleet' },
    spec: { username: 'ubuntu', privateKey },
  });
  await created(api, `/apis/infra.k8smgmt.io/v3/projects/${PROJECT}/webhooks`, WEBHOOK_EXAMPLE);
  await created(api, clustersOf(PROJECT), CLUSTER_EXAMPLE);
  const id = 'pd270k4';
  await giveId(client, database, 'clusters', { name: CLUSTER_EXAMPLE.metadata.name }, id);
  for (const spec of (await store.clusters.getById(id))?.desired.spec.config.nodes ?? []) {
    await store.nodes.upsert(id, spec.hostname, { spec, status: 'READY' });
  }
  await store.tasksets.begin(tasksetRecord({ id: 'lk5xw2e' }));
  // Who follows the output of one that goes on waits for its next line, for ever here.
  await store.tasksets.end('lk5xw2e', TasksetStatus.Complete, 'done');
  const kubeconfig = stringify(KUBECONFIG_EXAMPLE);
  await store.secrets.put(id, 'kubeconfig', api.deps.vault.seal(id, kubeconfig));
  await api.apply(PROJECT, 'by-installer', (cluster) => {
    cluster.spec.config.nodes = cluster.spec.config.nodes.map(byNameOnly);
  });
  const commands = await api.call('GET', `${clustersOf(PROJECT)}/by-installer/installercmds`);
  const installerToken = /\bplinthi_\w+/.exec(await commands.text())?.[0];
  if (installerToken === undefined) throw new Error('no installer token');
  return { installerToken };
}

async function created(api: TestApi, path: string, body: unknown): Promise<void> {
  const answer = await api.call('POST', path, { body });
  if (answer.status !== 200) throw new Error(`${path}: ${await answer.text()}`);
}

/** Puts a document back under another id. */
async function giveId(
  client: MongoClient,
  database: string,
  collection: string,
  filter: object,
  _id: string,
): Promise<void> {
  const documents = client.db(database).collection<Document & { _id: string }>(collection);
  const found = await documents.findOneAndDelete(filter);
  if (found === null) throw new Error(`no ${collection} like ${JSON.stringify(filter)}`);
  await documents.insertOne({ ...found, _id });
}
