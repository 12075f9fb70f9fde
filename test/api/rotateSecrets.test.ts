import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { newApp } from '../../api/app.js';
import { openVault } from '../../api/openVault.js';
import { serve } from '../../api/server.js';
import { runProgram } from '../../cli/program.js';
import {
  clustersOf,
  openTestApi,
  uniqueCluster,
  writeSshKey,
  type TestApi,
} from './openTestApi.js';
import { testKey } from '../ssh/keys.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const [older, newer] = [randomBytes(32), randomBytes(32)];
const PROJECT = 'defaultproject';
const CREDENTIALS = `/apis/infra.k8smgmt.io/v3/projects/${PROJECT}/credentials`;

let api: TestApi;
let work: string;
beforeAll(async () => {
  api = await openTestApi();
  work = await mkdtemp(join(tmpdir(), 'plinth-rotate-'));
  await writeFile(join(work, 'key'), api.adminKey, { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  await rm(work, { recursive: true, force: true });
});

/** `plinth rotate-secrets` against a server that has these master keys, the newest first. */
async function rotate(...keys: [Buffer, ...Buffer[]]) {
  const vault = await openVault(api.deps.store, keys);
  const server = await serve(newApp({ ...api.deps, vault }), { host: '127.0.0.1', port: 0 });
  const said: string[] = [];
  try {
    const args = ['--server', server.url, '--key-file', join(work, 'key'), 'rotate-secrets'];
    const say = (line: string): void => void said.push(line);
    const screen = { width: 80 } as never;
    const code = await runProgram(args, { env: {}, out: say, err: say, screen });
    return { code, said: said.join('\n'), keyId: vault.keyId };
  } finally {
    await server.stop();
  }
}

async function keyIds(): Promise<string[]> {
  const { client, database } = api.database;
  const all = await client.db(database).collection('secrets').find().toArray();
  return [...new Set(all.map(({ sealed }) => String(sealed).split(':')[1] ?? ''))];
}

test('everything sealed is under the new key, works without the old one, and compares as before', async () => {
  const before = await openVault(api.deps.store, [older]);
  const app = newApp({ ...api.deps, vault: before });
  const post = (path: string, body: unknown, on = app) =>
    on.request(path, {
      method: 'POST',
      headers: { 'x-api-key': api.adminKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  for (let n = 0; n < 3; n += 1) {
    const spec = { privateKey: testKey().privateKey };
    const answer = await post(CREDENTIALS, { metadata: { name: `c${String(n)}` }, spec });
    expect(answer.status).toBe(200);
  }
  writeSshKey(join(api.keysDir, 'locked'), 'open sesame');
  const cluster = uniqueCluster(PROJECT, 'rotated', 1);
  for (const node of cluster.spec.config.nodes) {
    node.ssh = { ...node.ssh, privateKeyPath: 'locked', passphrase: 'open sesame' };
  }
  expect((await post(clustersOf(PROJECT), cluster)).status).toBe(200);
  expect(await keyIds()).toEqual([before.keyId]);

  const { code, said, keyId } = await rotate(newer, older);
  // Three credentials, three nodes, and the key of hashes.
  expect(said).toBe(`7 secrets: 7 encrypted with key ${keyId}, 0 were already, 0 failed`);
  expect(code).toBe(0);
  expect(await keyIds()).toEqual([keyId]);

  const again = await rotate(newer);
  expect(again.said).toBe(`7 secrets: 0 encrypted with key ${keyId}, 7 were already, 0 failed`);

  const after = await openVault(api.deps.store, [newer]);
  const unchanged = await post(clustersOf(PROJECT), cluster, newApp({ ...api.deps, vault: after }));
  expect(unchanged.status).toBe(200);
  expect((await api.deps.store.clusters.get(PROJECT, 'rotated'))?.generation).toBe(1);
  const { items } = await api.deps.store.audit.list({ limit: 100, offset: 0 });
  expect(items.filter(({ action }) => action === 'secrets.rotate')).toMatchObject([
    { summary: `7 of 7 under key ${keyId}, 0 failed` },
  ]);
});

test('one that was cut short is finished by the next, page by page', async () => {
  const { client, database } = api.database;
  const secrets = client.db(database).collection('secrets');
  const [oldVault, third] = [await openVault(api.deps.store, [newer]), randomBytes(32)];
  const vault = await openVault(api.deps.store, [third, newer]);
  const app = newApp({ ...api.deps, vault });
  const path = '/apis/system.k8smgmt.io/v3/secrets/rotate';
  const page = async (body: object, key = api.adminKey) =>
    app.request(path, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const first = (await (await page({ limit: 3 })).json()) as { next?: string };
  expect(first).toMatchObject({ checked: 3, changed: 3, failed: [] });
  expect(first.next).toEqual(expect.any(String));
  expect((await keyIds()).sort()).toEqual([vault.keyId, oldVault.keyId].sort());
  const { said } = await rotate(third, newer);
  expect(said).toBe(`7 secrets: 4 encrypted with key ${vault.keyId}, 3 were already, 0 failed`);
  expect(await keyIds()).toEqual([vault.keyId]);
  expect((await page({}, await api.key('admin', PROJECT))).status).toBe(403);
  expect((await page({}, await api.key('operator'))).status).toBe(403);
  expect((await page({ limit: 0 })).status).toBe(400);

  const lost = oldVault.seal('nobody', 'x').replace(/^v1:[0-9a-f]{8}/, 'v1:00000000');
  await secrets.insertOne({ _id: 'nobody#x' as never, owner: 'nobody', name: 'x', sealed: lost });
  const torn = await rotate(third);
  expect(torn.code).not.toBe(0);
  expect(torn.said).toContain('7 were already, 1 failed');
  expect(torn.said).toContain('master key 00000000, which was not given');
});
