import { createPrivateKey } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import ssh2 from 'ssh2';

import type { ClusterSpec, SshSpec } from '../core/cluster.js';
import {
  CREDENTIAL_SECRET,
  credentialOwner,
  type CredentialSecret,
  type NodeLogin,
} from '../core/sshSecrets.js';
import { loadPrivateKey } from '../machine/keys.js';
import { createMachines } from '../machine/pool.js';
import type { Machines } from '../machine/types.js';
import { pkcs8Key, testKey, type TestKey } from '../test/ssh/keys.js';
import { startSshServer, type SshServer, type SshServerOptions } from '../test/ssh/sshServer.js';
import { applyTo, desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { withMachine } from './targets.js';

let db: TestDatabase;
let machines: Machines;
let deps: ActivityDeps;
let clusterId: string;
let name: string;
let count = 0;
const servers: SshServer[] = [];

beforeAll(async () => {
  db = await openTestDatabase();
}, 60_000);
afterAll(() => db.close());
beforeEach(async () => {
  machines = createMachines({ connectTimeoutMs: 5_000, handshakesPerSecond: 1_000 });
  const untouched = (): never => {
    throw new Error('no artifact is needed');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines,
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  name = `login-${String((count += 1))}`;
  clusterId = (await applyTo(db.store)(name)).record.id;
});
afterEach(async () => {
  await machines.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** An sshd that lets in the owner of `key` as `user`, and nobody else; `users` tells who came. */
async function sshd(key: TestKey, options: SshServerOptions & { user?: string } = {}) {
  const users: string[] = [];
  const [, blob = ''] = key.publicKey.split(' ');
  const server = await startSshServer({
    ...options,
    authorize(context) {
      if (context.method !== 'publickey' || context.key.data.toString('base64') !== blob) {
        return false;
      }
      if (context.signature) users.push(context.username);
      return options.user === undefined || context.username === options.user;
    },
  });
  servers.push(server);
  return { server, users };
}

async function upload(credential: string, secret: CredentialSecret): Promise<void> {
  const owner = credentialOwner(project, credential);
  const sealed = deps.vault.seal(owner, JSON.stringify(secret));
  await deps.store.secrets.put(owner, CREDENTIAL_SECRET, sealed);
}

async function login(secret: NodeLogin): Promise<void> {
  const owner = `${project}/${name}`;
  await deps.store.secrets.put(owner, 'ssh:node-1', deps.vault.seal(owner, JSON.stringify(secret)));
}

/** Logs in to the machine at `port`. */
async function connect(port: number, ssh: SshSpec = {}, set: Partial<ClusterSpec> = {}) {
  const spec = { ...desired(name).spec, ...set };
  const own = { ipAddress: '127.0.0.1', port: String(port), ...ssh };
  const query = { project, name, clusterId, spec, node: node(1, { ssh: own }) };
  return withMachine(deps, query, (session) => Promise.resolve(session.hostKey.fingerprint));
}

describe('a machine is logged in to', () => {
  it.each([
    ['OpenSSH', () => testKey('ed25519')],
    ['PKCS#1', () => pem('rsa', 'pkcs1')],
    ['PKCS#8 ed25519 with a passphrase', () => pem('ed25519', 'pkcs8', 'pass')],
    ['PKCS#8 rsa with a passphrase', () => pem('rsa', 'pkcs8', 'pass')],
    ['PKCS#8 ecdsa', () => pem('ec', 'pkcs8')],
  ])('with a credential whose key is %s', async (_, make) => {
    const key: TestKey & { passphrase?: string } = make();
    const { server, users } = await sshd(key);
    const { publicKey: _public, ...secret } = key;
    await upload('fleet', { ...secret, username: 'ops' });
    await login({ credential: 'fleet' });
    await connect(server.port);
    expect(users).toEqual(['ops']);
  });

  it('as the user of the node, else of the cluster, else of the credential, else root', async () => {
    const key = testKey();
    const { server, users } = await sshd(key);
    await login({ credential: 'named' });
    await upload('named', { privateKey: key.privateKey, username: 'by-credential' });
    const { config } = desired(name).spec;
    const byCluster = { config: { ...config, ssh: { username: 'by-cluster' } } };
    await connect(server.port, { username: 'by-node' }, byCluster);
    await connect(server.port, {}, byCluster);
    await connect(server.port);
    await upload('named', { privateKey: key.privateKey });
    await connect(server.port);
    expect(users).toEqual(['by-node', 'by-cluster', 'by-credential', 'root']);
  });

  it("with the spec's own key as the user of the credential beside it", async () => {
    const own = testKey();
    const { server, users } = await sshd(own);
    await login({ privateKey: own.privateKey });
    await upload('beside', { privateKey: testKey().privateKey, username: 'ops' });
    await connect(server.port, {}, { cloudCredentials: 'beside' });
    expect(users).toEqual(['ops']);
  });

  it('with the changed credential from the next connection on, though another one is open', async () => {
    const [old, fresh] = [testKey(), testKey()];
    let current = old;
    const [server] = [
      await startSshServer({
        authorize: (context) =>
          context.method === 'publickey' &&
          context.key.data.toString('base64') === current.publicKey.split(' ')[1],
      }),
    ];
    servers.push(server);
    await login({ credential: 'rotated' });
    await upload('rotated', { privateKey: old.privateKey });
    await connect(server.port);
    current = fresh;
    await upload('rotated', { privateKey: fresh.privateKey });
    await connect(server.port);
    expect(server.logins).toBe(2);
  });

  it('not at all once the credential is gone, and the error names it', async () => {
    const { server } = await sshd(testKey());
    await login({ credential: 'lost' });
    await expect(connect(server.port)).rejects.toMatchObject({
      code: 'AuthFailed',
      message: expect.stringContaining('no credential "lost" any more') as string,
    });
    expect(server.accepted).toBe(0);
  });
});

describe('through a bastion', () => {
  const jump = testKey();
  const machine = testKey();
  const bastionHost = testKey();

  async function behind(set: Partial<CredentialSecret> = {}) {
    const target = await sshd(machine);
    const bastion = await sshd(jump, { hostKeys: [bastionHost.privateKey], user: 'jumper' });
    await login({ privateKey: machine.privateKey });
    await upload('jump', { privateKey: jump.privateKey, username: 'jumper', ...set });
    const through = (spec: object = {}) =>
      connect(target.server.port, {
        bastion: {
          ...{ ipAddress: '127.0.0.1', port: String(bastion.server.port) },
          ...{ cloudCredentials: 'jump', ...spec },
        },
      });
    const pinName = `bastion:127.0.0.1:${String(bastion.server.port)}`;
    return { target, bastion, through, pinName };
  }

  it('each of the two is logged in to with its own key and user', async () => {
    const { target, bastion, through } = await behind();
    await through();
    expect(bastion.users).toEqual(['jumper']);
    expect(target.users).toEqual(['root']);
  });

  it('as the user that the spec gives it, over that of its credential', async () => {
    const { target, bastion, through } = await behind({ username: 'ops' });
    await through({ username: 'jumper' });
    expect([...bastion.users, ...target.users]).toEqual(['jumper', 'root']);
  });

  it('without a credential of its own it is logged in to as the machine is', async () => {
    const key = testKey();
    const [target, bastion] = [await sshd(key), await sshd(key)];
    await login({ privateKey: key.privateKey });
    const at = { ipAddress: '127.0.0.1', port: String(bastion.server.port) };
    await connect(target.server.port, { username: 'ops', bastion: at });
    expect([...bastion.users, ...target.users]).toEqual(['ops', 'ops']);
  });

  it("a wrong key for the bastion says that it is the bastion's", async () => {
    const { target, through } = await behind({ privateKey: testKey().privateKey });
    await expect(through()).rejects.toMatchObject({
      code: 'AuthFailed',
      message: expect.stringContaining("node-1's bastion") as string,
    });
    expect(target.server.accepted).toBe(0);
  });

  it('both host keys are pinned on first use', async () => {
    const { through, pinName } = await behind();
    await through();
    const pins = await db.store.hostKeys.list(clusterId);
    expect(pins.map(({ hostname }) => hostname).sort()).toEqual([pinName, 'node-1'].sort());
    expect(pins.find(({ hostname }) => hostname === pinName)).toMatchObject({
      key: bastionHost.publicKey,
      source: 'first-use',
    });
  });

  it.each([
    ['the spec', (pin: string) => ({ spec: { hostKey: pin }, secret: {} })],
    ['its credential', (pin: string) => ({ spec: {}, secret: { hostKey: pin } })],
  ])(
    'a host key other than the one that %s pins is refused before anything is sent',
    async (_, by) => {
      const { spec, secret } = by(testKey().publicKey);
      const { target, bastion, through, pinName } = await behind(secret);
      await expect(through(spec)).rejects.toMatchObject({
        code: 'HostKeyMismatch',
        message: expect.stringContaining("node-1's bastion") as string,
      });
      expect([target.server.accepted, bastion.server.logins]).toEqual([0, 0]);
      expect(await db.store.hostKeys.get(clusterId, pinName)).toBeUndefined();
    },
  );

  it('a changed host key waits for a person, and is used once it is accepted', async () => {
    const { through, pinName } = await behind();
    const pinned = { key: testKey().publicKey, fingerprint: 'SHA256:earlier' };
    const first = { clusterId, hostname: pinName, source: 'first-use', ...pinned } as const;
    await db.store.hostKeys.pin(first);
    await expect(through()).rejects.toMatchObject({ code: 'HostKeyMismatch', retryable: false });
    expect(await db.store.hostKeys.get(clusterId, pinName)).toMatchObject({
      ...pinned,
      pending: { key: bastionHost.publicKey },
    });
    expect(await db.store.hostKeys.accept(clusterId, pinName)).toBe(true);
    await through();
  });

  it('an open connection is not used when the bastion is pinned to another key meanwhile', async () => {
    const { through, bastion } = await behind();
    await through({ hostKey: bastionHost.publicKey });
    await expect(through({ hostKey: testKey().publicKey })).rejects.toMatchObject({
      code: 'HostKeyMismatch',
    });
    expect(bastion.server.logins).toBe(1);
  });
});

it("a machine's changed host key waits for a person, and is used once it is accepted", async () => {
  const [key, host] = [testKey(), testKey()];
  const { server } = await sshd(key, { hostKeys: [host.privateKey] });
  await login({ privateKey: key.privateKey });
  const pinned = { key: testKey().publicKey, fingerprint: 'SHA256:earlier' };
  await db.store.hostKeys.pin({ clusterId, hostname: 'node-1', source: 'first-use', ...pinned });
  await expect(connect(server.port)).rejects.toMatchObject({ code: 'HostKeyMismatch' });
  expect(server.logins).toBe(0);
  const { pending } = (await db.store.hostKeys.get(clusterId, 'node-1')) ?? {};
  expect(pending?.key).toBe(host.publicKey);
  expect(await db.store.hostKeys.accept(clusterId, 'node-1')).toBe(true);
  expect(await connect(server.port)).toBe(pending?.fingerprint);
});

/** A key as openssl writes it, and what sshd knows of it. */
function pem(
  type: 'ed25519' | 'rsa' | 'ec',
  form: 'pkcs1' | 'pkcs8',
  passphrase?: string,
): TestKey & { passphrase?: string } {
  const object = createPrivateKey(pkcs8Key(type));
  const open = { type: form, format: 'pem' } as const;
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const privateKey = object.export({ ...open, ...encryption } as typeof open).toString();
  const { privateKey: readable } = loadPrivateKey(privateKey, passphrase);
  const parsed = ssh2.utils.parseKey(readable);
  if (parsed instanceof Error) throw parsed;
  const publicKey = `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
  return { privateKey, publicKey, ...(passphrase === undefined ? {} : { passphrase }) };
}
