import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { ExitCode } from './exitCodes.js';
import {
  mergeKubeconfig,
  oneCluster,
  type KubeconfigFile,
  type Stanzas,
} from './mergeKubeconfig.js';

const stanzas = (set: Partial<Stanzas> = {}): Stanzas => ({
  ...{ name: 'demo', user: 'plinth:p/demo', use: false, force: false },
  credentials: { cluster: { server: 'https://10.0.0.1:7443' }, user: { token: 'new' } },
  ...set,
});

const THEIRS = `# mine, do not touch
apiVersion: v1
kind: Config
current-context: work
clusters:
- name: work # the office
  cluster:
    server: https://work:6443
contexts:
- name: work
  context:
    cluster: work
    user: me
users:
- name: me
  user:
    token: mine
`;

interface Kubeconfig {
  'current-context'?: string;
  clusters: { name: string; cluster: object }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  users: { name: string; user: object }[];
}

function merged(files: KubeconfigFile[], set: Partial<Stanzas> = {}) {
  const { changed, current } = mergeKubeconfig(files, stanzas(set));
  const texts = Object.fromEntries(changed.map(({ path, text }) => [path, text]));
  return { texts, current, parsed: (path: string) => parse(texts[path] ?? '') as Kubeconfig };
}

test('where there was nothing there is a whole kubeconfig, and it is the current context', () => {
  const { parsed, current } = merged([{ path: 'config' }]);
  expect(parsed('config')).toEqual({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'demo' },
    clusters: [{ name: 'demo', cluster: { server: 'https://10.0.0.1:7443' } }],
    users: [{ name: 'plinth:p/demo', user: { token: 'new' } }],
    contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'plinth:p/demo' } }],
  });
  expect(current).toBe('demo');
});

test('what was there stays, comments too, and stays the current context', () => {
  const { texts, parsed, current } = merged([{ path: 'config', text: THEIRS }]);
  expect(texts['config']).toContain('# mine, do not touch');
  expect(texts['config']).toContain('- name: work # the office');
  expect(parsed('config').contexts.map(({ name }) => name)).toEqual(['work', 'demo']);
  expect(current).toBe('work');
  expect(merged([{ path: 'config', text: THEIRS }], { use: true }).current).toBe('demo');
});

test('the same again changes nothing', () => {
  const { texts } = merged([{ path: 'config', text: THEIRS }]);
  expect(merged([{ path: 'config', text: texts['config'] ?? '' }]).texts).toEqual({});
});

test('newer credentials take the place of the old ones; the namespace of the context stays', () => {
  const { texts } = merged([{ path: 'config', text: THEIRS }]);
  const text = (texts['config'] ?? '').replace(/( +)user: plinth:p\/demo/, '$&\n$1namespace: web');
  const credentials = { cluster: { server: 'https://10.0.0.2:7443' }, user: { token: 'newer' } };
  const { parsed } = merged([{ path: 'config', text }], { credentials });
  expect(parsed('config').clusters.at(-1)?.cluster).toEqual({ server: 'https://10.0.0.2:7443' });
  expect(parsed('config').users.at(-1)?.user).toEqual({ token: 'newer' });
  expect(parsed('config').contexts.at(-1)?.context.namespace).toBe('web');
});

describe('of a list of files', () => {
  test('new things go into the first one that exists', () => {
    const { texts } = merged([
      { path: 'none' },
      { path: 'b', text: THEIRS },
      { path: 'c', text: THEIRS },
    ]);
    expect(Object.keys(texts)).toEqual(['b']);
  });

  test('where none exists into the last one', () => {
    expect(Object.keys(merged([{ path: 'a' }, { path: 'b' }]).texts)).toEqual(['b']);
  });

  test('what is there is changed where it is defined, the current context where it is set', () => {
    const { texts } = merged([{ path: 'b', text: THEIRS }]);
    const ours = (texts['b'] ?? '').replace(/current-context.*\n/, '');
    const files = [
      { path: 'a', text: THEIRS },
      { path: 'b', text: ours },
    ];
    const credentials = { ...stanzas().credentials, user: { token: 'newer' } };
    expect(Object.keys(merged(files, { credentials }).texts)).toEqual(['b']);
    expect(Object.keys(merged(files, { use: true }).texts)).toEqual(['a']);
  });
});

test("a context of that name that is somebody else's is left alone, unless by force", () => {
  const text = THEIRS.replaceAll('work', 'demo');
  const code = ExitCode.Conflict;
  expect(() => merged([{ path: 'config', text }])).toThrow(
    expect.objectContaining({ exitCode: code }),
  );
  const { parsed } = merged([{ path: 'config', text }], { force: true });
  expect(parsed('config').contexts).toEqual([
    { name: 'demo', context: { cluster: 'demo', user: 'plinth:p/demo' } },
  ]);
});

describe("a cluster of that name that is somebody else's", () => {
  const KUBEADM = `apiVersion: v1
kind: Config
current-context: kubernetes-admin@kubernetes
clusters:
- name: kubernetes
  cluster:
    server: https://10.1.1.1:6443
contexts:
- name: kubernetes-admin@kubernetes
  context:
    cluster: kubernetes
    user: kubernetes-admin
users:
- name: kubernetes-admin
  user:
    token: theirs
`;
  const set = { name: 'kubernetes', user: 'plinth:p/kubernetes@a:1' };
  const refused = expect.objectContaining({ exitCode: ExitCode.Conflict }) as Error;

  test('is left alone, as kubeadm has made it, unless by force', () => {
    const files = [{ path: 'config', text: KUBEADM }];
    expect(() => merged(files, set)).toThrow(refused);
    expect(() => merged(files, set)).toThrow('there is a cluster kubernetes already');
    const { parsed } = merged(files, { ...set, force: true });
    expect(parsed('config').clusters).toEqual([
      { name: 'kubernetes', cluster: { server: 'https://10.0.0.1:7443' } },
    ]);
    expect(merged(files, { ...set, name: 'mine' }).parsed('config').clusters[0]?.cluster).toEqual({
      server: 'https://10.1.1.1:6443',
    });
  });

  test('wherever in the list of files it is', () => {
    const files = [
      { path: 'a', text: THEIRS },
      { path: 'b', text: KUBEADM },
    ];
    expect(() => merged(files, set)).toThrow(refused);
  });

  test('is ours where a context of this user is of it, whatever its name is now', () => {
    const text = merged([{ path: 'config' }], set).texts['config'] ?? '';
    const renamed = text.replace(/(contexts:\n *- name: )kubernetes/, '$1renamed');
    expect(renamed).not.toBe(text);
    const credentials = { ...stanzas().credentials, cluster: { server: 'https://10.0.0.2:7443' } };
    const again = merged([{ path: 'config', text: renamed }], { ...set, credentials });
    expect(again.parsed('config').clusters[0]?.cluster).toEqual(credentials.cluster);
    const other = { ...set, user: 'plinth:p/kubernetes@b:1', credentials };
    expect(() => merged([{ path: 'config', text: renamed }], other)).toThrow(refused);
  });

  test('is no matter where it is just what would be written', () => {
    const text = KUBEADM.replace('https://10.1.1.1:6443', 'https://10.0.0.1:7443');
    const { parsed } = merged([{ path: 'config', text }], set);
    expect(parsed('config').contexts.map(({ name }) => name)).toEqual([
      ...['kubernetes-admin@kubernetes', 'kubernetes'],
    ]);
  });
});

test.each(['[]', 'clusters: {}', 'a: [', '"text"'])(
  '%s is no kubeconfig and is left as it is',
  (text) => {
    const exitCode = ExitCode.Config;
    expect(() => merged([{ path: 'config', text }])).toThrow(expect.objectContaining({ exitCode }));
  },
);

test('of what the server answers, its one cluster and its one user are taken', () => {
  expect(oneCluster(THEIRS)).toEqual({
    ...{ cluster: { server: 'https://work:6443' }, user: { token: 'mine' } },
  });
  expect(() => oneCluster('kind: Config')).toThrow('no kubeconfig');
});
