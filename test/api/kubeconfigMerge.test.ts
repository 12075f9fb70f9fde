import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';

import { serve, type ApiServer } from '../../api/server.js';
import { runPlinth } from '../product/runPlinth.js';
import { openTestApi, type TestApi } from './openTestApi.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let api: TestApi;
let server: ApiServer;
let project: string;
let home: string;
beforeAll(async () => {
  api = await openTestApi();
  server = await serve(api.app, { host: '127.0.0.1', port: 0 });
  project = await api.project();
  await api.apply(project, 'demo');
  const { id } = (await api.deps.store.clusters.get(project, 'demo'))!;
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
    clusters: [
      { name: 'x', cluster: { server: 'https://10.9.9.9:7443', 'tls-server-name': 'api' } },
    ],
    users: [{ name: 'x', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
  };
  const sealed = api.deps.vault.seal(id, stringify(kubeconfig));
  await api.deps.store.secrets.put(id, 'kubeconfig', sealed);
});
afterAll(async () => {
  await server.stop();
  await api.close();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'plinth-home-'));
  return () => rmSync(home, { recursive: true });
});

const plinth = (args: string, more: Record<string, string> = {}) =>
  runPlinth(args.split(' '), {
    env: {
      ...{ HOME: home, PLINTH_URL: server.url, PLINTH_API_KEY: api.adminKey },
      ...{ PLINTH_PROJECT: project, ...more },
    },
  });

test('kubeconfig is what the server has, alone on standard output', async () => {
  const { code, out, err } = await plinth('kubeconfig demo');
  expect([code, err]).toEqual([0, '']);
  expect(parse(out)).toMatchObject({ users: [{ user: { token: 'secret' } }] });
});

test('--merge makes ~/.kube/config, readable by its owner only', async () => {
  const { code, out } = await plinth('kubeconfig demo --merge');
  const path = join(home, '.kube', 'config');
  expect([code, out]).toEqual([...[0, `context demo is in ${path}\nit is the current context\n`]]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const user = `plinth:${project}/demo@${new URL(server.url).host}`;
  expect(parse(readFileSync(path, 'utf8'))).toMatchObject({
    contexts: [{ name: 'demo', context: { cluster: 'demo', user } }],
  });
});

test('--merge keeps what was there, in the file and beside it, and a link stays one', async () => {
  const real = join(home, 'real');
  const before =
    'current-context: work\ncontexts:\n- name: work\n  context: {cluster: c, user: u}\n';
  writeFileSync(real, before, { mode: 0o644 });
  const link = join(home, 'link');
  symlinkSync(real, link);
  const { code, out } = await plinth('kubeconfig demo --merge', { KUBECONFIG: link });
  expect(code).toBe(0);
  expect(out).toContain('the current context is still work');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toContain('name: work');
  const [backup = ''] = readdirSync(home).filter((name) => name.endsWith('.bak'));
  expect(readFileSync(join(home, backup), 'utf8')).toBe(before);
  expect(statSync(join(home, backup)).mode & 0o777).toBe(0o600);
  expect(readdirSync(home).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

test("kubectl's lock is respected", async () => {
  mkdirSync(join(home, '.kube'));
  writeFileSync(join(home, '.kube', 'config.lock'), '');
  const { code, err } = await plinth('kubeconfig demo --merge');
  expect([code, err]).toEqual([75, expect.stringContaining('config.lock is there')]);
  expect(readdirSync(join(home, '.kube'))).toEqual(['config.lock']);
});
