import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Cluster } from '../../../core/cluster.js';
import type { Problem } from '../../../core/errors.js';
import type { CredentialSecret } from '../../../core/sshSecrets.js';
import {
  clustersOf,
  openTestApi,
  uniqueCluster,
  type TestApi,
} from '../../../test/api/openTestApi.js';
import { pkcs8Key, testKey } from '../../../test/ssh/keys.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

let api: TestApi;
let project: string;
let site = 0;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  site += 1;
});

const of = (name = ''): string =>
  `/apis/infra.k8smgmt.io/v3/projects/${project}/credentials${name === '' ? '' : `/${name}`}`;
const upload = (name: string, spec: object, key?: string): Promise<Response> =>
  api.call('POST', of(), {
    body: { metadata: { name }, spec },
    ...(key === undefined ? {} : { key }),
  });

async function problemsOf(answer: Response): Promise<Problem[]> {
  const body = (await answer.json()) as { details: Problem[] };
  expect(answer.status).toBe(400);
  return body.details;
}

async function sealed(name: string): Promise<CredentialSecret | undefined> {
  const owner = `credential:${project}/${name}`;
  const text = await api.deps.store.secrets.get(owner, 'ssh');
  return text === undefined
    ? undefined
    : (JSON.parse(api.deps.vault.open(owner, text)) as CredentialSecret);
}

/** A cluster whose machines are all logged in to with what `change` says. */
function cluster(change: (spec: Cluster['spec']) => void): Cluster {
  const body = uniqueCluster(project, 'demo', site);
  for (const node of body.spec.config.nodes) delete node.ssh!.privateKeyPath;
  delete body.spec.config.ssh;
  change(body.spec);
  return body;
}
const apply = (body: Cluster): Promise<Response> => api.call('POST', clustersOf(project), { body });

async function login(hostname: string): Promise<unknown> {
  const owner = `${project}/demo`;
  const text = await api.deps.store.secrets.get(owner, `ssh:${hostname}`);
  return text === undefined ? undefined : JSON.parse(api.deps.vault.open(owner, text));
}

function keygen(name: string, ...options: string[]): string {
  const path = join(api.keysDir, `${name}-${project}`);
  execFileSync('ssh-keygen', ['-q', '-f', path, ...options]);
  return path;
}

describe('a credential', () => {
  test('is uploaded, listed and read, and its key is in no answer', async () => {
    const { privateKey } = testKey();
    const posted = await upload('fleet', { username: 'ops', privateKey });
    expect(posted.status).toBe(200);
    const view = await (await api.call('GET', of('fleet'))).json();
    expect(view).toMatchObject({
      kind: 'Credential',
      metadata: { name: 'fleet', project },
      spec: { type: 'ssh', username: 'ops' },
      status: { keyType: 'ssh-ed25519', passphrase: false },
    });
    const list = (await (await api.call('GET', of())).json()) as { items: unknown[] };
    expect(list).toMatchObject({ kind: 'CredentialList', metadata: { count: 1 } });
    expect(list.items).toEqual([view]);
    const secretPart = privateKey.split('\n')[4]!;
    expect((await posted.text()) + JSON.stringify([view, list])).not.toContain(secretPart);
    expect(await sealed('fleet')).toMatchObject({ privateKey, username: 'ops' });
  });

  test('may be YAML, and shows the fingerprint that ssh-keygen shows', async () => {
    const path = keygen('yaml', '-t', 'ecdsa', '-N', '');
    const text = stringify({
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'Credential', metadata: { name: 'y' } },
      spec: { type: 'ssh', privateKey: readFileSync(path, 'utf8') },
    });
    const headers = { 'content-type': 'application/yaml' };
    const answer = await api.call('POST', of(), { text, headers });
    const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', path]).toString().split(' ');
    expect(await answer.json()).toMatchObject({
      status: { keyType: 'ecdsa-sha2-nistp256', fingerprint },
    });
  });

  test.each([
    ['OpenSSH', 'ssh-ed25519', ['-t', 'ed25519']],
    ['PKCS#1', 'ssh-rsa', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
    ['SEC 1', 'ecdsa-sha2-nistp384', ['-t', 'ecdsa', '-b', '384', '-m', 'PEM']],
    ['PKCS#8', 'ssh-rsa', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
  ])(
    'in the form %s is opened by its passphrase and by no other',
    async (form, keyType, options) => {
      const name = form.toLowerCase().replace(/[^a-z0-9]/g, '');
      const path = keygen(name, ...options, '-N', 'open sesame');
      const privateKey = readFileSync(path, 'utf8');
      expect(await problemsOf(await upload(name, { privateKey }))).toEqual([
        { path: 'spec.passphrase', message: 'the key is protected by a passphrase: give it' },
      ]);
      expect(await problemsOf(await upload(name, { privateKey, passphrase: 'wr0ng' }))).toEqual([
        { path: 'spec.passphrase', message: 'the passphrase does not open this key' },
      ]);
      expect(await sealed(name)).toBeUndefined();
      expect((await api.call('GET', of(name))).status).toBe(404);
      const answer = await upload(name, { privateKey, passphrase: 'open sesame' });
      expect(await answer.json()).toMatchObject({ status: { keyType, passphrase: true } });
    },
  );

  test.each(['ed25519', 'rsa', 'ec'] as const)('may be a PKCS#8 key of type %s', async (type) => {
    const privateKey = pkcs8Key(type, 'pass');
    const answer = await upload(type, { privateKey, passphrase: 'pass' });
    expect(answer.status).toBe(200);
  });

  test('that is wrong in many ways is told all of them, each with its path', async () => {
    const body = {
      metadata: { name: 'Bad Name', project: 'elsewhere', colour: 'red' },
      spec: {
        ...{ type: 'ssh', username: '-x', hostKey: 'MD5:1', privateKeyPath: 'relative' },
        privateKey: testKey().publicKey,
      },
    };
    const problems = await problemsOf(await api.call('POST', of(), { body }));
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'metadata.colour',
      'metadata.name',
      'metadata.project',
      'spec.hostKey',
      'spec.privateKey',
      'spec.privateKeyPath',
      'spec.username',
    ]);
    expect(problems.find(({ path }) => path === 'spec.privateKey')?.message).toContain(
      'public key',
    );
  });

  test('needs a key, when it is new', async () => {
    expect(await problemsOf(await upload('empty', {}))).toEqual([
      { path: 'spec.privateKey', message: 'is missing: a new credential needs one' },
    ]);
  });

  test('edited and posted back keeps its key and passphrase; a new key does not take the old passphrase', async () => {
    const privateKey = readFileSync(keygen('kept', '-t', 'ed25519', '-N', 'kept-pass'), 'utf8');
    await upload('kept', { privateKey, passphrase: 'kept-pass' });
    const view = (await (await api.call('GET', of('kept'))).json()) as { spec: object };
    const body = { ...view, spec: { ...view.spec, username: 'admin' } };
    expect((await api.call('POST', of(), { body })).status).toBe(200);
    expect(await sealed('kept')).toEqual({
      privateKey,
      passphrase: 'kept-pass',
      username: 'admin',
    });
    const other = testKey().privateKey;
    await upload('kept', { privateKey: other });
    expect(await sealed('kept')).toEqual({ privateKey: other });
  });

  test('is for operators to change and for viewers to see', async () => {
    const viewer = await api.key('viewer', project);
    expect((await upload('v', testKey(), viewer)).status).toBe(403);
    expect((await api.call('GET', of(), { key: viewer })).status).toBe(200);
    expect((await api.call('DELETE', of('v'), { key: viewer })).status).toBe(403);
    const foreign = await api.key('admin', await api.project());
    expect((await api.call('GET', of(), { key: foreign })).status).toBe(403);
  });

  test('leaves its changes in the audit log, without secrets', async () => {
    const { privateKey } = testKey();
    await upload('audited', { privateKey });
    await upload('audited', { privateKey, username: 'x' });
    await api.call('DELETE', of('audited'));
    const { items } = await api.deps.store.audit.list({ limit: 10, offset: 0, project });
    expect(items.map(({ action }) => action)).toEqual([
      'credential.delete',
      'credential.update',
      'credential.create',
    ]);
    expect(JSON.stringify(items)).not.toContain('PRIVATE KEY');
  });
});

describe('a cluster', () => {
  beforeEach(async () => {
    await upload('fleet', { privateKey: testKey().privateKey, username: 'ops' });
  });

  test('is logged in to with the credential that it names, node and cluster keys going over it', async () => {
    const body = cluster((spec) => {
      spec.cloudCredentials = 'fleet';
      spec.config.nodes[1]!.ssh!.privateKeyPath = 'id_ed25519';
    });
    expect((await apply(body)).status).toBe(200);
    expect(await login('m1')).toEqual({ credential: 'fleet' });
    expect(await login('m2')).toEqual({ privateKey: expect.stringContaining('OPENSSH') });
    body.spec.config.ssh = { privateKeyPath: 'id_ed25519' };
    expect((await apply(body)).status).toBe(200);
    expect(await login('m1')).toEqual({ privateKey: expect.stringContaining('OPENSSH') });
  });

  test('that names one that is not there is refused, at its path, and nothing changes', async () => {
    const body = cluster((spec) => {
      spec.cloudCredentials = 'fleed';
      spec.config.ssh = { bastion: { ipAddress: '203.0.113.7', cloudCredentials: 'jump' } };
    });
    const problems = await problemsOf(await apply(body));
    expect(problems).toEqual([
      {
        path: 'spec.cloudCredentials',
        message: expect.stringContaining('no credential "fleed"') as string,
      },
      {
        path: 'spec.config.ssh.bastion.cloudCredentials',
        message: expect.stringContaining('no credential "jump"') as string,
      },
    ]);
    expect(problems[0]?.message).toContain('did you mean "fleet"');
    expect(await api.deps.store.clusters.get(project, 'demo')).toBeUndefined();
    expect(await login('m1')).toBeUndefined();
  });

  test('does not see the credentials of another project', async () => {
    const home = project;
    project = await api.project();
    const problems = await problemsOf(
      await apply(cluster((spec) => (spec.cloudCredentials = 'fleet'))),
    );
    expect(problems[0]?.path).toBe('spec.cloudCredentials');
    project = home;
  });

  test('may name a credential by the absolute path that it was uploaded for', async () => {
    const privateKeyPath = '/home/someone/.ssh/fleet.pem';
    const body = cluster((spec) => (spec.config.ssh = { privateKeyPath }));
    expect((await problemsOf(await apply(body)))[0]?.path).toBe('spec.config.ssh.privateKeyPath');
    await upload('by-path', { privateKey: testKey().privateKey, privateKeyPath });
    expect((await apply(body)).status).toBe(200);
    expect(await login('m1')).toEqual({ credential: 'by-path' });
    expect((await api.call('DELETE', of('by-path'))).status).toBe(409);
    const other = await upload('twin', { privateKey: testKey().privateKey, privateKeyPath });
    expect(other.status).toBe(409);
    expect((await upload('by-path', { privateKeyPath: '/elsewhere' })).status).toBe(409);
    body.spec.config.ssh!.passphrase = 'mine';
    expect((await problemsOf(await apply(body)))[0]).toMatchObject({
      path: 'spec.config.ssh.passphrase',
      message: expect.stringContaining('leave it out') as string,
    });
  });
});

describe('deleting', () => {
  const settle = async (): Promise<void> => {
    const { clusters } = api.deps.store;
    const record = (await clusters.get(project, 'demo'))!;
    const { id, generation, retries } = record;
    await clusters.setApplied(id, { spec: record.desired.spec, initialised: true });
    await clusters.setObserved(id, { generation, retries, deleting: false });
    await clusters.setCommonStatus(id, {
      conditionStatus: 2,
      reason: 'ok',
      sequence: generation,
      generation,
    });
  };
  /** As if its notes were older than any request takes. */
  const later = async (): Promise<void> => {
    const { client, database } = api.database;
    const uses = client.db(database).collection('credentialUses');
    await uses.updateMany({ project }, { $set: { notedAt: new Date(0) } });
  };

  test('a credential that nobody uses takes its key along', async () => {
    await upload('free', { privateKey: testKey().privateKey });
    expect((await api.call('DELETE', of('free'))).status).toBe(200);
    expect((await api.call('GET', of('free'))).status).toBe(404);
    expect(await sealed('free')).toBeUndefined();
    expect((await api.call('DELETE', of('free'))).status).toBe(404);
  });

  test.each([
    ['machines', (spec: Cluster['spec']) => (spec.cloudCredentials = 'used')],
    [
      'a bastion',
      (spec: Cluster['spec']) =>
        (spec.config.ssh = {
          privateKeyPath: 'id_ed25519',
          bastion: { ipAddress: '203.0.113.7', cloudCredentials: 'used' },
        }),
    ],
  ])(
    'one that a cluster uses for %s is 409 and names the cluster, until it is settled without it',
    async (_, use) => {
      await upload('used', { privateKey: testKey().privateKey });
      expect((await apply(cluster(use))).status).toBe(200);
      await settle();
      await later();
      const answer = await api.call('DELETE', of('used'));
      expect(answer.status).toBe(409);
      expect(((await answer.json()) as { message: string }).message).toContain('cluster demo');
      expect(await sealed('used')).toBeDefined();

      const without = cluster((spec) => (spec.config.ssh = { privateKeyPath: 'id_ed25519' }));
      expect((await apply(without)).status).toBe(200);
      await later();
      expect((await api.call('DELETE', of('used'))).status).toBe(409);
      await settle();
      expect((await api.call('DELETE', of('used'))).status).toBe(200);
    },
  );

  test('one whose cluster is gone is possible', async () => {
    await upload('widow', { privateKey: testKey().privateKey });
    await apply(cluster((spec) => (spec.cloudCredentials = 'widow')));
    await api.deps.store.clusters.remove((await api.deps.store.clusters.get(project, 'demo'))!.id);
    expect((await api.call('DELETE', of('widow'))).status).toBe(200);
  });
});
