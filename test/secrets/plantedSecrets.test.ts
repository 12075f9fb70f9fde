import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { parseStartConfig } from '../../embedded/config.js';
import { freePort } from '../../embedded/freePort.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { startTemporal, type EmbeddedTemporal } from '../../embedded/temporal.js';
import { createVault } from '../../vault/vault.js';
import { WRITE_ONLY_FIELDS } from '../../core/specSecrets.js';
import { clustersOf, writeSshKey } from '../api/openTestApi.js';
import { fixtureCluster, fixtureNode } from '../fixtures/cluster.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { pkcs8Key } from '../ssh/keys.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';
import { startSshServer, type SshServer } from '../ssh/sshServer.js';
import { until } from '../lab/until.js';
import { badBodies } from './badBodies.js';
import { machineFacts } from './machineFacts.js';
import {
  HARMLESS_FIELDS,
  PLANTED_FIELDS,
  suspectFields,
  type ApiDocument,
} from './secretFields.js';
import {
  filesBelow,
  formsOf,
  isLookedFor,
  leavesOf,
  textOf,
  tracesOf,
  type Said,
} from './traces.js';

/*
 * The product as `npm start` runs it, with a secret of its own in every field that can hold one, and machines that print
 * all that they are given. Then everything that anybody may read is searched.
 */

const PROJECT = 'defaultproject';
const MARKER = `marker-${randomBytes(8).toString('hex')}`;
/** With signs that URLs, shells and JSON write in their own ways. */
const password = (): string =>
  `${randomBytes(9).toString('hex')}+/é"${randomBytes(3).toString('hex')}`;

const planted = new Map<string, string>();
const said: Said[] = [];
const servers: { close(): unknown }[] = [];
let plinth: Plinth;
let temporal: EmbeddedTemporal;
let dataDir: string;
let inits = 0;

function plant(name: string, secret: string): string {
  planted.set(name, secret);
  return secret;
}

interface Ask {
  method?: string;
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
  tells?: string[];
}

/** One request; its answer, headers and all, is kept for the search. */
async function ask(path: string, { method, body, text, headers, tells }: Ask = {}) {
  const answer = await fetch(plinth.url + path, {
    method: method ?? (body === undefined && text === undefined ? 'GET' : 'POST'),
    headers: {
      'x-api-key': plinth.adminKey.key,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined && body === undefined ? {} : { body: text ?? JSON.stringify(body) }),
  });
  const content = await answer.text();
  const where = `the answer ${String(answer.status)} to ${method ?? 'GET/POST'} ${path.slice(0, 80)}`;
  said.push({
    where,
    text: content + JSON.stringify([...answer.headers]),
    ...(tells === undefined ? {} : { tells }),
  });
  return { status: answer.status, content, value: parsed(content) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const clusters = clustersOf(PROJECT);
const credentials = clusters.replace(/clusters$/, 'credentials');
const webhooks = clusters.replace(/clusters$/, 'webhooks');
const system = '/apis/system.k8smgmt.io/v3';

/** It prints all that it is given, in every form that a program would; the first initialisation fails. */
function chatty(hostname: string) {
  return ({ step, params }: AskedStep): SaidStep => {
    if (step === 'facts') return { results: machineFacts(hostname) };
    const output = [
      ...params.split('\n'),
      JSON.stringify(params),
      encodeURIComponent(params),
      Buffer.from(params).toString('base64'),
    ];
    if (step === 'kubeadm-init' && ++inits === 1) {
      return { outcome: 'failed', output, command: `kubeadm init ${params}`, hint: params };
    }
    const users = [{ name: 'admin', user: { 'client-key-data': planted.get('kubeconfig') } }];
    const kubeconfig = JSON.stringify({ clusters: [{ name: 'k', cluster: {} }], users });
    return { output, results: { caCertHash: `sha256:${'0'.repeat(64)}`, kubeconfig } };
  };
}

/** Stands for an OpenTelemetry collector: what it is sent is kept as it came, which is not compressed. */
async function spanReceiver(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      said.push({ where: 'what the collector was sent', text: Buffer.concat(parts).toString() });
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, server };
}

function plantedCluster(machines: { m1: SshServer; m2: SshServer; bastion: SshServer }): Cluster {
  const { m1, m2, bastion } = machines;
  const at = (server: SshServer) => ({ ipAddress: '127.0.0.1', port: String(server.port) });
  const cluster = fixtureCluster();
  cluster.metadata = { name: 'planted', project: PROJECT, description: MARKER };
  cluster.spec.cloudCredentials = 'fleet';
  cluster.spec.proxy = {
    enabled: true,
    httpProxy: 'http://127.0.0.1:9',
    noProxy: '.example.com',
    proxyAuth: `me:${planted.get('password of the proxy')!}`,
  };
  cluster.spec.config.nodes = [
    fixtureNode(1, { roles: ['ControlPlane', 'Worker'], ssh: at(m1) }),
    fixtureNode(2, {
      ssh: {
        ...at(m2),
        privateKeyPath: 'node-key',
        passphrase: planted.get('passphrase of the node')!,
        bastion: { ...at(bastion), cloudCredentials: 'jump' },
      },
    }),
  ];
  return cluster;
}

async function ended(name: string): Promise<number> {
  return until(`the end of the work on ${name}`, 90, async () => {
    const { value } = await ask(`${clusters}/${name}/status`);
    const { conditionStatus } = (value as Cluster).status!.commonStatus;
    return conditionStatus === 1 ? undefined : conditionStatus;
  });
}

async function readEverything(): Promise<void> {
  const taskset = (await ask(`${clusters}/planted/tasksets?limit=100`)).value as {
    items: { id: string }[];
  };
  for (const { id } of taskset.items) {
    await ask(`${clusters}/planted/tasksets/${id}`);
    const logs = await ask(`${clusters}/planted/tasksets/${id}/logs`);
    expect(logs.status).toBe(200);
  }
  const project = (
    (await ask(`/auth/v1/projects/?name=${PROJECT}`)).value as { results: { id: string }[] }
  ).results[0]!.id;
  const reads = [
    ...[clusters, `${clusters}/planted`, `${clusters}/planted/status`, `${clusters}/planted/nodes`],
    ...[credentials, `${credentials}/fleet`, `${credentials}/jump`],
    ...[webhooks, `${webhooks}/pager`],
    ...[`${system}/projects`, `${system}/apikeys`, `${system}/audit?limit=1000`],
    ...[`/auth/v1/projects/${project}/`, `/edge/v1/projects/${project}/edges/?name=planted`],
    ...[`/v2/scheduler/project/${project}/cluster/planted`, '/openapi.json', '/healthz', '/readyz'],
  ];
  for (const path of reads) {
    const json = await ask(path);
    expect([path, json.status]).toEqual([path, 200]);
    await ask(path, { headers: { accept: 'application/yaml' } });
  }
  await firstEvents('planted');
}

/** What an event stream says until it falls silent. */
async function firstEvents(name: string): Promise<void> {
  const gone = new AbortController();
  const answer = await fetch(`${plinth.url}${clusters}/${name}/events`, {
    headers: { 'x-api-key': plinth.adminKey.key },
    signal: gone.signal,
  });
  const { value } = await answer.body!.getReader().read();
  said.push({ where: 'the event stream', text: Buffer.from(value as Uint8Array).toString() });
  gone.abort();
}

/** What the database and Temporal hold, decoded; and every value that is sealed becomes one to look for. */
async function readStores(when: string): Promise<void> {
  const mongo = await MongoClient.connect(plinth.mongodbUri);
  const vault = createVault({
    masterKey: Buffer.from(planted.get('master key')!, 'base64'),
  });
  for (const { name } of await mongo
    .db()
    .admin()
    .listDatabases()
    .then((all) => all.databases)) {
    for (const collection of await mongo.db(name).collections()) {
      const documents = await collection.find().toArray();
      said.push({ where: `${collection.namespace} ${when}`, text: textOf(documents) });
      if (collection.collectionName !== 'secrets') continue;
      for (const { owner, name: of, sealed } of documents as unknown as Record<string, string>[]) {
        // Kept answers are as public as they were; a new key in one is planted by its own name.
        if (!owner!.startsWith('idempotency-'))
          plantSealed(`${owner!}#${of!}`, vault.open(owner!, sealed!));
      }
    }
  }
  await mongo.close();
  const connection = await Connection.connect({ address: plinth.temporalAddress });
  const client = new Client({ connection });
  let workflows = 0;
  for await (const execution of client.workflow.list()) {
    const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
    const [history, description] = [await handle.fetchHistory(), await handle.describe()];
    const text = textOf([
      history,
      description.raw,
      execution.memo,
      execution.typedSearchAttributes,
    ]);
    said.push({ where: `the history of ${execution.workflowId} ${when}`, text });
    workflows += 1;
  }
  expect(workflows).toBeGreaterThan(0);
  await connection.close();
}

/** Keys, tokens and passwords within what is sealed: long texts without a blank. */
function plantSealed(name: string, plaintext: string): void {
  const isJson = /^[[{]/.test(plaintext);
  const texts = isJson ? leavesOf(JSON.parse(plaintext)) : plaintext.split('\n');
  const secrets = texts
    .flatMap((text) => text.split('\n'))
    .filter((text) => /^\S{22,}$/.test(text));
  // Public parts of a kubeconfig and of kept answers are no secrets.
  const own = secrets
    .filter(isLookedFor)
    .filter((text) => !/^(https?:|sha256:|SHA256:|\{|[0-9a-f-]{36}$)/.test(text));
  own.forEach((text, index) => {
    if (![...planted.values()].some((known) => known.includes(text))) {
      planted.set(`${name} ${String(index)}`, text);
    }
  });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-secrets-'));
  const keys = join(dataDir, 'ssh-keys');
  await mkdir(keys, { mode: 0o700 });
  for (const name of ['node', 'cluster']) {
    const passphrase = plant(`passphrase of the ${name}`, password());
    writeSshKey(join(keys, `${name}-key`), passphrase);
    plant(`key file of the ${name}`, await readFile(join(keys, `${name}-key`), 'utf8'));
  }
  plant('passphrase of the credential', password());
  plant('key of the credential', pkcs8Key('ed25519', planted.get('passphrase of the credential')));
  plant('key of the bastion', pkcs8Key('rsa'));
  plant('password of the proxy', password());
  plant('kubeconfig', randomBytes(40).toString('base64'));
  plant('master key', randomBytes(32).toString('base64'));

  const mirror = await startManifestMirror();
  const collector = await spanReceiver();
  servers.push(collector.server);
  // Only one that is not embedded is sent a key; ours asks for none, nor for TLS.
  temporal = await startTemporal({ dataDir: join(dataDir, 'own'), host: '127.0.0.1' });
  const settings = {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_API_KEY: plant('API key of Temporal', randomBytes(40).toString('base64')),
    TEMPORAL_TLS: 'false',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `x-token=${encodeURIComponent(plant('token of the collector', password()))}`,
    PLINTH_DATA: dataDir,
    PLINTH_PORT: String(await freePort('127.0.0.1')),
    PLINTH_ARTIFACTS: mirror.url,
    PLINTH_MASTER_KEY: planted.get('master key')!,
  };
  servers.push(mirror.server);
  const env = { ...process.env, ...settings };
  plinth = await startPlinth({ config: parseStartConfig(settings), env, say: () => undefined });
  plant('admin key', plinth.adminKey.key);
}, 240_000);
afterAll(async () => {
  await plinth.stop();
  await temporal.stop();
  for (const server of servers) server.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('no field that could hold a secret was forgotten', async () => {
  const document = (await ask('/openapi.json')).value as ApiDocument;
  const known = [...Object.keys(PLANTED_FIELDS), ...Object.keys(HARMLESS_FIELDS)];
  expect(suspectFields(document)).toEqual(known.toSorted());
  const writeOnly = [
    ...new Set(JSON.stringify(document).matchAll(/"(\w+)":\{[^{}]*"writeOnly":true/g)),
  ];
  expect(new Set(writeOnly.map(([, name]) => name))).toEqual(new Set(WRITE_ONLY_FIELDS));
});

test('a secret in every field is only where it belongs', async () => {
  await lead();
  const missing = Object.values(PLANTED_FIELDS).filter((name) => !planted.has(name));
  expect(missing).toEqual([]);
  await readStores('before the deletion');

  expect((await ask(`${clusters}/planted`, { method: 'DELETE' })).status).toBe(200);
  await until('the end of the cluster', 60, async () =>
    (await ask(`${clusters}/planted`)).status === 404 ? true : undefined,
  );
  await readStores('after the deletion');
  await plinth.stop();
  await temporal.stop();

  // The key that people are told to keep there, and the keys that they put there.
  const files = await filesBelow(dataDir, /^(admin-api-key$|ssh-keys\/)/);
  const names = files.map(({ where }) => where);
  expect(names).toEqual(expect.arrayContaining(['api.log', 'worker.log', 'own/temporal.db']));
  expect(names).not.toContain('master-key');
  const traces = tracesOf(planted);
  expect([...new Set([...said, ...files].flatMap(traces))].slice(0, 20)).toEqual([]);

  // The search itself finds what is there.
  const finds = (of: Said[]): boolean => of.flatMap(tracesOf(new Map([['it', MARKER]]))).length > 0;
  expect(finds(said.filter(({ where }) => where.startsWith('the answer 200')))).toBe(true);
  expect(finds(said.filter(({ where }) => where.includes('clusters before')))).toBe(true);
  expect(finds(files.filter(({ where }) => where.startsWith('mongo')))).toBe(true);
  const spans = said.filter(({ where }) => where === 'what the collector was sent');
  expect(spans.some(({ text }) => text.includes('step kubeadm-init'))).toBe(true);
}, 300_000);

/** The story: everything that is told to the service, and all that can be read of it. */
async function lead(): Promise<void> {
  const m1 = await startScriptedMachine(chatty('m1'));
  const m2 = await startScriptedMachine(chatty('m2'));
  const bastion = await startSshServer();
  const locked = await startSshServer({ authorize: () => false });
  servers.push(m1, m2, bastion, locked);

  const made = await ask(`${system}/apikeys`, {
    body: { name: 'operator', role: 'operator', project: PROJECT },
    headers: { 'idempotency-key': 'planted-1' },
    tells: ['operator key'],
  });
  const operator = plant('operator key', (made.value as { key: string }).key);
  await ask(`${system}/apikeys`, {
    body: { name: 'operator', role: 'operator', project: PROJECT },
    headers: { 'idempotency-key': 'planted-1' },
    tells: ['operator key'],
  });
  const privateKey = planted.get('key of the credential')!;
  const passphrase = planted.get('passphrase of the credential')!;
  const fleet = { metadata: { name: 'fleet' }, spec: { privateKey, passphrase, username: 'root' } };
  expect((await ask(credentials, { body: fleet })).status).toBe(200);
  const jump = {
    metadata: { name: 'jump' },
    spec: { privateKey: planted.get('key of the bastion') },
  };
  expect((await ask(credentials, { body: jump })).status).toBe(200);

  plant('secret of the webhook', password());
  const hook = {
    metadata: { name: 'pager' },
    // Nobody listens there: every attempt fails, and is told in histories and logs.
    spec: { url: 'http://127.0.0.1:9/', signingSecret: planted.get('secret of the webhook') },
  };
  expect((await ask(webhooks, { body: hook })).status).toBe(200);

  // Asked for by another way each time.
  const bearer = { 'x-api-key': '', authorization: `Bearer ${operator}` };
  expect((await ask(clusters, { headers: bearer })).status).toBe(200);
  const rafay = { 'x-api-key': '', 'x-rafay-api-keyid': operator };
  expect((await ask(clusters, { headers: rafay })).status).toBe(200);
  for (const path of [
    `/${operator}`,
    `${clusters}?key=${operator}`,
    `${system}/apikeys/${operator}`,
  ]) {
    await ask(path);
    await ask(path, { method: 'DELETE' });
  }

  const cluster = plantedCluster({ m1, m2, bastion });
  const applied = await ask(clusters, {
    body: cluster,
    headers: { 'idempotency-key': 'planted-2' },
  });
  expect([applied.status, applied.status === 200 ? '' : applied.content]).toEqual([200, '']);
  expect(await ended('planted')).toBe(3);
  await readEverything();
  expect((await ask(`${clusters}/planted/retry`, { method: 'POST' })).status).toBe(200);
  expect(await ended('planted')).toBe(2);
  await readEverything();
  const kubeconfig = await ask(`${clusters}/planted/kubeconfig`, { tells: ['kubeconfig'] });
  expect(kubeconfig.content).toContain(planted.get('kubeconfig'));
  await ask(`${clusters}?dryRun=true`, { body: cluster });
  expect((await ask(`${system}/secrets/rotate`, { body: {} })).status).toBe(200);

  await clusterOfLockedMachine(locked);
  await clusterByInstaller();
  for (const [content, text] of badBodies(planted, cluster)) {
    const headers = { 'content-type': content };
    for (const path of [clusters, credentials]) {
      const answer = await ask(path, { text, headers });
      expect([text.slice(0, 300), answer.status]).toEqual([text.slice(0, 300), 400]);
    }
  }
}

/** The cluster's own key, at a machine that does not know it. */
async function clusterOfLockedMachine(locked: SshServer): Promise<void> {
  const cluster = fixtureCluster(0);
  cluster.metadata = { name: 'locked', project: PROJECT };
  cluster.spec.config.ssh = {
    privateKeyPath: 'cluster-key',
    passphrase: planted.get('passphrase of the cluster')!,
    port: String(locked.port),
  };
  const node = cluster.spec.config.nodes[0]!;
  node.privateIP = '10.77.9.9';
  node.ssh = { ipAddress: '127.0.0.1' };
  const applied = await ask(clusters, { body: cluster });
  expect([applied.status, applied.status === 200 ? '' : applied.content]).toEqual([200, '']);
  expect(await ended('locked')).toBe(3);
  await ask(`${clusters}/locked/nodes`);
}

async function clusterByInstaller(): Promise<void> {
  const cluster = fixtureCluster(0);
  cluster.metadata = { name: 'coming', project: PROJECT };
  const [node] = cluster.spec.config.nodes;
  cluster.spec.config.nodes = [{ ...node!, hostname: 'late', privateIP: '10.77.8.8' }];
  delete cluster.spec.config.nodes[0]!.ssh;
  expect((await ask(clusters, { body: cluster })).status).toBe(200);
  const tells = ['installer token'];
  const commands = await ask(`${clusters}/coming/installercmds`, { tells });
  const token = plant('installer token', /plinthi_\w+/.exec(commands.content)![0]);
  const headers = { 'x-api-key': '', authorization: `Bearer ${token}` };
  expect((await ask('/installer/install.sh', { headers, tells })).status).toBe(200);
  const bad = await ask('/installer/register', { body: { hostname: token }, headers });
  expect(bad.status).toBe(400);
  const revoked = await ask(`${clusters}/coming/installercmds`, { method: 'DELETE' });
  expect(revoked.status).toBe(204);
}

describe('the search', () => {
  test.each([
    ['as it is', (secret: string) => secret],
    ['in a URL', encodeURIComponent],
    [
      'in base64 after something else',
      (secret: string) => Buffer.from(`x:${secret}`).toString('base64'),
    ],
    ['in JSON', (secret: string) => JSON.stringify({ secret })],
    ['in hex', (secret: string) => Buffer.from(secret).toString('hex')],
  ])('finds a secret %s', (_how, form) => {
    const secret = password();
    expect(formsOf(secret).length).toBeGreaterThan(4);
    const find = tracesOf(new Map([['it', secret]]));
    expect(find({ where: 'here', text: `…${form(secret)}…` })).toHaveLength(1);
    expect(find({ where: 'here', text: `…${form(password())}…` })).toEqual([]);
  });
});
