import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { byNameOnly } from '../../../test/fixtures/byNameOnly.js';
import { newApp } from '../../app.js';
import { platformKey } from '../../installer/platformKey.js';

const HOST_KEY = `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b', 'hex'), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]).toString('base64')}`;
const OTHER_KEY = HOST_KEY.replace('BwcH', 'CAgI');

let api: TestApi;
let project: string;
let path: string;
let site = 0;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  site += 1;
  project = await api.project();
  path = `${clustersOf(project)}/demo`;
  expect((await apply()).status).toBe(200);
});

/** Three nodes by name only. */
function apply(set: { autoApproveNodes?: boolean; installerTtl?: number } = {}, name = 'demo') {
  return api.apply(project, name, ({ spec }) => {
    Object.assign(spec.config, set);
    spec.config.nodes = spec.config.nodes.map(byNameOnly);
  });
}

interface Commands {
  installerCmds: { arch: string; osFamily: string; command: string }[];
  expiresAt: string;
}

async function commands(method = 'GET', of = path): Promise<Commands> {
  const answer = await api.call(method, `${of}/installercmds`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Commands;
}

const tokenIn = ({ installerCmds }: Commands): string =>
  /\bplinthi_\w+/.exec(installerCmds[0]!.command)![0];

const machine = (set: object = {}): object => ({
  hostname: 'm1',
  address: `10.88.${site}.11`,
  addresses: [`10.88.${site}.11`],
  username: 'plinth',
  port: 22,
  osRelease: { id: 'debian', versionId: '12' },
  arch: 'amd64',
  hostKeys: [HOST_KEY],
  ...set,
});

const register = (token: string, set: object = {}): Promise<Response> =>
  api.call('POST', '/installer/register', {
    key: null,
    body: machine(set),
    headers: { authorization: `Bearer ${token}` },
  });

const script = (token: string): Promise<Response> =>
  api.call('GET', '/installer/install.sh', {
    key: null,
    headers: { authorization: `Bearer ${token}` },
  });

const cluster = async () => (await api.deps.store.clusters.get(project, 'demo'))!;
const audited = async () =>
  (await api.deps.store.audit.list({ limit: 20, offset: 0, project })).items;

async function nodes(): Promise<Record<string, unknown>[]> {
  const answer = await api.call('GET', `${path}/nodes`);
  return ((await answer.json()) as { items: Record<string, unknown>[] }).items;
}

describe('installer commands', () => {
  test('one for each architecture, with the public URL, the platform’s key and the script’s sum', async () => {
    const { installerCmds, expiresAt } = await commands();
    expect(installerCmds.map(({ arch, osFamily }) => [arch, osFamily])).toEqual([
      ['amd64', 'linux'],
      ['arm64', 'linux'],
    ]);
    const { command } = installerCmds[0]!;
    expect(command).toContain('http://plinth.test:8080/installer/install.sh');
    expect(command).toContain((await platformKey(api.deps)).publicKey);
    const text = await (await script(tokenIn({ installerCmds, expiresAt }))).text();
    expect(command).toContain(createHash('sha256').update(text).digest('hex'));
    const days = (new Date(expiresAt).getTime() - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
  });

  test('the command is one that a shell can read, and so is the script', async () => {
    const all = await commands();
    const text = await (await script(tokenIn(all))).text();
    for (const input of [all.installerCmds[0]!.command, text]) {
      expect(spawnSync('sh', ['-n'], { input, encoding: 'utf8' })).toMatchObject({ status: 0 });
    }
  });

  test('the same is shown again; POST makes another, and both are good', async () => {
    const first = tokenIn(await commands());
    expect(tokenIn(await commands())).toBe(first);
    const second = tokenIn(await commands('POST'));
    expect(second).not.toBe(first);
    expect((await script(first)).status).toBe(200);
    expect((await script(second)).status).toBe(200);
  });

  test.each(['GET', 'POST', 'DELETE'])('%s is for operators of the project', async (method) => {
    const status = async (key: string): Promise<number> =>
      (await api.call(method, `${path}/installercmds`, { key })).status;
    expect(await status(await api.key('viewer', project))).toBe(403);
    expect(await status(await api.key('operator', await api.project()))).toBe(403);
    expect(await status(await api.key('operator', project))).toBe(method === 'DELETE' ? 204 : 200);
  });

  test('are good for installerTtl days; another installerTtl gives another command', async () => {
    const first = await commands();
    await apply({ installerTtl: 2 });
    const second = await commands();
    const days = (new Date(second.expiresAt).getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(1.99);
    expect(days).toBeLessThanOrEqual(2);
    expect(tokenIn(second)).not.toBe(tokenIn(first));
  });

  test('every look is in the audit trail', async () => {
    await commands();
    await commands();
    expect((await audited()).map(({ action }) => action).slice(0, 2)).toEqual([
      'installercmds.read',
      'installercmds.create',
    ]);
  });

  test('only a hash of the token is stored, and nothing of it is logged', async () => {
    const token = tokenIn(await commands());
    await register(token);
    const dump = JSON.stringify([
      await api.deps.store.installTokens.get(token.split('_')[1]!),
      await audited(),
      api.logged,
    ]);
    expect(dump).toContain(createHash('sha256').update(token).digest('hex'));
    expect(dump).not.toContain(token.split('_')[2]);
  });
});

describe('a token that is not good', () => {
  /** Only what `Date` says is another time. */
  async function later(days: number, check: () => Promise<void>): Promise<void> {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 });
    try {
      await check();
    } finally {
      vi.useRealTimers();
    }
  }

  async function getsNothing(token: string): Promise<void> {
    const answers = [await script(token), await register(token), await script('none')];
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set(texts).size, 'one answer for all').toBe(1);
  }

  test('unknown, or with one character changed', async () => {
    const token = tokenIn(await commands());
    await getsNothing(token.slice(0, -1) + (token.endsWith('0') ? '1' : '0'));
    await getsNothing('plinthi_0123456789abcdef_'.padEnd(89, '0'));
  });

  test('revoked', async () => {
    const token = tokenIn(await commands());
    expect((await api.call('DELETE', `${path}/installercmds`)).status).toBe(204);
    await getsNothing(token);
    const next = tokenIn(await commands());
    expect(next).not.toBe(token);
    expect((await script(next)).status).toBe(200);
  });

  test('expired', async () => {
    await apply({ installerTtl: 3 });
    const token = tokenIn(await commands());
    expect((await script(token)).status).toBe(200);
    await later(2.9, async () => expect((await script(token)).status).toBe(200));
    await later(3.1, async () => {
      await getsNothing(token);
      expect(tokenIn(await commands()), 'another command is shown').not.toBe(token);
    });
  });

  test('older than the installerTtl of a later apply', async () => {
    await apply({ installerTtl: 30 });
    const token = tokenIn(await commands());
    await apply({ installerTtl: 2 });
    expect((await script(token)).status).toBe(200);
    await later(2.1, () => getsNothing(token));
  });

  test('of a cluster that is being deleted', async () => {
    const token = tokenIn(await commands());
    await api.call('DELETE', path);
    await getsNothing(token);
  });

  test('lets machines into its own cluster only', async () => {
    await apply({}, 'other');
    const token = tokenIn(await commands('GET', `${clustersOf(project)}/other`));
    expect((await register(token)).status).toBe(200);
    expect(await api.deps.store.registrations.list((await cluster()).id)).toEqual([]);
  });
});

describe('a machine that registers', () => {
  test('is DISCOVERED, with what it said and its host key pinned, and its workflow is told', async () => {
    const before = api.workflows.notified.length;
    const answer = await register(tokenIn(await commands()), { hostname: 'm1.example.com' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ hostname: 'm1', approved: false });
    expect((await nodes())[0]).toMatchObject({
      ...{ hostname: 'm1', status: 'DISCOVERED', privateIP: `10.88.${site}.11` },
      hostKey: { source: 'registration' },
      registration: { operatingSystem: 'Debian12', arch: 'amd64', hostKeys: [HOST_KEY] },
    });
    expect(api.workflows.notified.length).toBe(before + 1);
    const [entry] = await audited();
    expect(entry).toMatchObject({ action: 'node.register' });
    expect(entry?.actor).toMatch(/^installer token [0-9a-f]{16}$/);
  });

  test('is reached with the platform’s key', async () => {
    await register(tokenIn(await commands()));
    const owner = `${project}/demo`;
    const sealed = await api.deps.store.secrets.get(owner, 'ssh:m1');
    const { privateKey } = JSON.parse(api.deps.vault.open(owner, sealed!)) as {
      privateKey: string;
    };
    expect(privateKey).toBe((await platformKey(api.deps)).privateKey);
    expect(privateKey).toContain('OPENSSH PRIVATE KEY');
  });

  test('is approved at once where the spec says so', async () => {
    await apply({ autoApproveNodes: true });
    const answer = await register(tokenIn(await commands()));
    expect(await answer.json()).toEqual({ hostname: 'm1', approved: true });
    expect((await nodes())[0]).toMatchObject({ status: 'APPROVED' });
  });

  test('may come again and stays approved; another machine in its place has to be approved anew', async () => {
    const token = tokenIn(await commands());
    await register(token);
    await api.call('POST', `${path}/nodes/m1/approve`);
    await register(token);
    expect((await nodes())[0]).toMatchObject({ status: 'APPROVED' });
    expect((await register(token, { hostKeys: [OTHER_KEY] })).status).toBe(200);
    expect((await nodes())[0]).toMatchObject({ status: 'DISCOVERED' });
    const pinned = await api.deps.store.hostKeys.get((await cluster()).id, 'm1');
    expect(pinned?.key).toBe(OTHER_KEY);
  });

  test('cannot take the place of one that is in the cluster', async () => {
    const token = tokenIn(await commands());
    await register(token);
    await api.deps.store.nodes.upsert((await cluster()).id, 'm1', { claimed: true });
    expect((await register(token, { hostKeys: [OTHER_KEY] })).status).toBe(409);
    expect((await register(token)).status).toBe(200);
  });

  test.each([
    ['a name that nobody waits for', { hostname: 'x9' }, /has no node x9.*m1, m2, m3/],
    ['an address within the pods’ range', { address: '10.240.0.9' }, /podSubnet/],
    [
      'a system that is not supported',
      { osRelease: { id: 'arch', versionId: '' } },
      /arch.* is not supported/,
    ],
    ['no host key that can be used', { hostKeys: [`ssh-dss ${'A'.repeat(60)}`] }, /host key/],
  ])('with %s is 409, says so, and leaves nothing', async (_, set, says) => {
    const answer = await register(tokenIn(await commands()), set);
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringMatching(says)]);
    expect(await api.deps.store.registrations.list((await cluster()).id)).toEqual([]);
  });

  test('at the address of another node, or of another cluster’s, is 409', async () => {
    const token = tokenIn(await commands());
    await register(token);
    expect((await register(token, { hostname: 'm2', hostKeys: [OTHER_KEY] })).status).toBe(409);
    await apply({}, 'other');
    const foreign = tokenIn(await commands('GET', `${clustersOf(project)}/other`));
    expect((await register(foreign)).status).toBe(409);
  });

  test.each([
    { hostname: 'M 1' },
    { address: 'here' },
    { hostKeys: [] },
    { more: 1 },
    { port: 0 },
    { osRelease: { id: '"', versionId: '' } },
  ])('saying %j is 400', async (set) => {
    expect((await register(tokenIn(await commands()), set)).status).toBe(400);
  });
});

describe('approve', () => {
  const approve = (hostname: string, key?: string): Promise<Response> =>
    api.call('POST', `${path}/nodes/${hostname}/approve`, key === undefined ? {} : { key });

  test('lets a registered machine in, once, and is in the audit trail', async () => {
    await register(tokenIn(await commands()));
    const answer = await approve('m1');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ hostname: 'm1', status: 'APPROVED' });
    expect((await approve('m1')).status).toBe(200);
    const approvals = (await audited()).filter(({ action }) => action === 'node.approve');
    expect(approvals).toHaveLength(1);
  });

  test('of a machine that has not registered is 409, of no node 404, by a viewer 403', async () => {
    expect((await approve('m2')).status).toBe(409);
    expect((await approve('x9')).status).toBe(404);
    expect((await approve('m1', await api.key('viewer', project))).status).toBe(403);
  });

  test('of a node with a key in the spec is 409', async () => {
    await api.apply(project, 'keyed');
    const answer = await api.call('POST', `${clustersOf(project)}/keyed/nodes/m1/approve`);
    expect(answer.status).toBe(409);
  });
});

test('an address that tries one bad token after the other is slowed down; a good one is let in all the same', async () => {
  const { deps } = api;
  const limited = newApp({ ...deps, config: { ...deps.config, requestsPerSecond: 0.1 } });
  const ask = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await limited.request('/installer/install.sh', { headers })).status;
  };
  const good = tokenIn(await commands());
  const bad = good.replace(/_\w{4}/, '_0000');
  expect([await ask(bad), await ask(bad), await ask(good)]).toEqual([404, 429, 200]);
});
