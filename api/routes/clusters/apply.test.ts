import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import type { ApiError } from '../../http/apiError.js';
import type { Cluster } from '../../../core/cluster.js';
import {
  clustersOf,
  openTestApi,
  uniqueCluster,
  writeSshKey,
  type TestApi,
} from '../../../test/api/openTestApi.js';

let api: TestApi;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  api.workflows.notified = [];
  api.workflows.away = false;
  delete api.workflows.onNotify;
});

async function problemsOf(answer: Response): Promise<ApiError['details']> {
  expect(answer.status).toBe(400);
  const error = (await answer.json()) as ApiError;
  expect(error.code).toBe(400);
  return error.details;
}

async function nothingWasRecorded(): Promise<void> {
  const { count } = await api.deps.store.clusters.list(project, { limit: 1, offset: 0 });
  expect(count).toBe(0);
  expect(api.workflows.notified).toEqual([]);
}

/** 200 sites of three machines: nothing here meets the machines of another test. */
let site = 50;
const cluster = (name = 'demo'): Cluster => uniqueCluster(project, name, (site += 1));

describe('a valid cluster', () => {
  test('is answered as it was given, with modifiedAt', async () => {
    const body = cluster();
    const answer = await api.call('POST', clustersOf(project), { body });
    expect(answer.status).toBe(200);
    const { metadata, ...rest } = (await answer.json()) as Cluster;
    const { metadata: given, ...restGiven } = body;
    expect(rest).toEqual(restGiven);
    const { modifiedAt, resourceVersion } = metadata;
    expect(metadata).toEqual({ ...given, modifiedAt, resourceVersion });
    expect(resourceVersion).toMatch(/^[a-z0-9]{7}-1$/);
    expect(metadata.modifiedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test('may be YAML', async () => {
    const answer = await api.call('POST', clustersOf(project), {
      text: stringify(cluster()),
      headers: { 'content-type': 'application/yaml' },
    });
    expect(answer.status).toBe(200);
  });

  test.each([
    ['JSON', JSON.stringify],
    ['YAML', stringify],
  ] as const)('without a content type is read as the %s that it looks like', async (_, write) => {
    const bytes = new TextEncoder().encode(write(cluster()));
    const answer = await api.app.request(clustersOf(project), {
      method: 'POST',
      headers: { 'x-api-key': api.adminKey },
      body: bytes,
    });
    expect(answer.status).toBe(200);
  });

  test('has its keys sealed before its workflow is told', async () => {
    const { store, vault } = api.deps;
    let found: string | undefined;
    api.workflows.onNotify = async (of, name) => {
      found = await store.secrets.get(`${of}/${name}`, 'ssh:m1');
    };
    await api.call('POST', clustersOf(project), { body: cluster() });
    expect(found).toMatch(/^v1:/);
    const secret = JSON.parse(vault.open(`${project}/demo`, found!)) as object;
    expect(secret).toEqual({ privateKey: expect.stringContaining('OPENSSH PRIVATE KEY') });
  });

  test('is recorded when Temporal is away', async () => {
    api.workflows.away = true;
    const answer = await api.call('POST', clustersOf(project), { body: cluster() });
    expect(answer.status).toBe(200);
    const waiting = await api.deps.store.clusters.unobserved(1000);
    expect(waiting.map((record) => record.project)).toContain(project);
  });

  test('that comes again unchanged, its nodes in another order, is no new generation', async () => {
    const body = cluster();
    await api.call('POST', clustersOf(project), { body });
    body.spec.config.nodes.reverse();
    await api.call('POST', clustersOf(project), { body });
    const record = await api.deps.store.clusters.get(project, 'demo');
    expect(record?.generation).toBe(1);
  });

  test('is in the audit log', async () => {
    await api.call('POST', clustersOf(project), { body: cluster() });
    const { items } = await api.deps.store.audit.list({ limit: 1, offset: 0, project });
    expect(items[0]).toMatchObject({ action: 'cluster.create', resource: 'clusters/demo' });
  });
});

describe('a body that cannot be read', () => {
  test.each([
    ['application/json', '{\n  "kind": "Cluster",\n}', 'line 3, column 1'],
    ['application/json', '{"a": [1, 2}', 'line 1, column 12'],
    ['application/json', '{"a": tru', 'line 1, column 7'],
    ['application/yaml', 'a: [1,\nb: }', 'line 2'],
    ['application/yaml', 'a: 1\na: 2\n', 'line 2, column 1: the key a is there twice'],
    ['application/yaml', 'a: 1\n---\nb: 2\n', 'line 2'],
  ])('%s %j is refused at %s', async (type, text, where) => {
    const answer = await api.call('POST', clustersOf(project), {
      text,
      headers: { 'content-type': type },
    });
    const problems = await problemsOf(answer);
    expect(problems.map((problem) => problem.message).join()).toContain(where);
  });

  test('of another content type is 415', async () => {
    const answer = await api.call('POST', clustersOf(project), {
      text: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).toBe(415);
    expect(((await answer.json()) as ApiError).code).toBe(415);
  });

  test('compressed is 415', async () => {
    const answer = await api.call('POST', clustersOf(project), {
      text: 'x',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(415);
  });

  test('over 4 MiB is 413', async () => {
    const answer = await api.call('POST', clustersOf(project), {
      text: `"${'x'.repeat(4 * 1024 * 1024)}"`,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(413);
    expect(((await answer.json()) as ApiError).code).toBe(413);
  });

  test.each(['', '   ', 'null', '[]', '"text"', '42', '{"__proto__": {}}'])(
    '%j is refused',
    async (text) => {
      const answer = await api.call('POST', clustersOf(project), {
        text,
        headers: { 'content-type': 'application/json' },
      });
      expect((await problemsOf(answer)).length).toBeGreaterThan(0);
    },
  );

  test('nested a million deep is refused, and the process lives', async () => {
    const answer = await api.call('POST', clustersOf(project), {
      text: '['.repeat(1_000_000) + ']'.repeat(1_000_000),
      headers: { 'content-type': 'application/json' },
    });
    expect((await problemsOf(answer))[0]?.message).toContain('nested');
  });
});

describe('an invalid cluster', () => {
  test('is told every problem of spec, keys and machines in one answer, and changes nothing', async () => {
    const other = await api.project();
    const taken = uniqueCluster(other, 'other', (site += 1));
    expect((await api.call('POST', clustersOf(other), { body: taken })).status).toBe(200);
    api.workflows.notified = [];
    const body = cluster();
    const [first, second, third] = body.spec.config.nodes;
    body.spec.config.network.podSubnet = '10.96.0.0/12';
    first!.ssh = { ...first!.ssh, privateKeyPath: 'no-such-key' };
    second!.ssh = { ...second!.ssh, privateKeyPath: '/etc/hostname' };
    third!.ssh = { ...taken.spec.config.nodes[0]!.ssh };
    Object.assign(body.spec, { colour: 'blue' });
    const problems = await problemsOf(await api.call('POST', clustersOf(project), { body }));
    expect(problems).toEqual(
      expect.arrayContaining([
        { path: 'spec.colour', message: expect.stringContaining('unknown field') },
        {
          path: 'spec.config.nodes[0].ssh.privateKeyPath',
          message: expect.stringContaining('there is no file "no-such-key"'),
        },
        {
          path: 'spec.config.nodes[1].ssh.privateKeyPath',
          message: expect.stringContaining('PLINTH_KEYS'),
        },
        {
          path: 'spec.config.nodes[2].ssh.ipAddress',
          message: expect.stringContaining(`node m1 of cluster other in project ${other}`),
        },
      ]),
    );
    expect(problems.some((problem) => problem.path.includes('Subnet'))).toBe(true);
    await nothingWasRecorded();
    expect(await api.deps.store.secrets.get(`${project}/demo`, 'ssh:m1')).toBeUndefined();
  });

  test('names no cluster of a project that the key cannot enter', async () => {
    const other = await api.project();
    const taken = uniqueCluster(other, 'hidden', (site += 1));
    await api.call('POST', clustersOf(other), { body: taken });
    const body = { ...taken, metadata: { name: 'demo', project } };
    const key = await api.key('operator', project);
    const problems = await problemsOf(await api.call('POST', clustersOf(project), { key, body }));
    expect(problems[0]?.message).toContain('in a cluster of another project');
    expect(JSON.stringify(problems)).not.toContain('hidden');
  });

  test('for a project that does not exist is 404', async () => {
    const answer = await api.call('POST', clustersOf('nowhere'), { body: cluster() });
    expect(answer.status).toBe(404);
    expect(((await answer.json()) as ApiError).message).toContain('project nowhere does not exist');
  });

  test('that changes what cannot change is told so', async () => {
    const body = cluster();
    await api.call('POST', clustersOf(project), { body });
    const record = await api.deps.store.clusters.get(project, 'demo');
    await api.deps.store.clusters.setApplied(record!.id, { spec: body.spec, initialised: true });
    body.spec.config.network.podSubnet = '10.64.0.0/16';
    const problems = await problemsOf(await api.call('POST', clustersOf(project), { body }));
    expect(problems.map((problem) => problem.path)).toEqual(['spec.config.network.podSubnet']);
  });

  test('cannot change its networks from the first apply on, before anything is initialised', async () => {
    const body = cluster();
    await api.call('POST', clustersOf(project), { body });
    body.spec.config.kubernetesVersion = 'v1.34.3';
    body.spec.config.network.podSubnet = '10.64.0.0/16';
    const problems = await problemsOf(await api.call('POST', clustersOf(project), { body }));
    expect(problems).toEqual([
      {
        path: 'spec.config.network.podSubnet',
        message: expect.stringContaining('delete the cluster and create it anew'),
      },
    ]);
  });

  test('may still correct a node that has not joined, once the control plane is there', async () => {
    const body = cluster();
    await api.call('POST', clustersOf(project), { body });
    const { store } = api.deps;
    const record = await store.clusters.get(project, 'demo');
    await store.clusters.setApplied(record!.id, { initialised: true });
    const [leader, worker] = body.spec.config.nodes;
    for (const [spec, joined] of [
      [leader!, true],
      [worker!, false],
    ] as const) {
      const set = { spec: structuredClone(spec), status: 'READY', claimed: true, joined } as const;
      await store.nodes.upsert(record!.id, spec.hostname, set);
    }
    worker!.privateIP = '192.168.249.9';
    expect((await api.call('POST', clustersOf(project), { body })).status).toBe(200);
    leader!.arch = 'arm64';
    const problems = await problemsOf(await api.call('POST', clustersOf(project), { body }));
    expect(problems.map((problem) => problem.path)).toEqual(['spec.config.nodes[0].arch']);
  });

  test('that is being deleted is 409 and keeps the keys that the deletion needs', async () => {
    const body = cluster();
    await api.call('POST', clustersOf(project), { body });
    const before = await api.deps.store.secrets.get(`${project}/demo`, 'ssh:m1');
    await api.call('DELETE', `${clustersOf(project)}/demo`);
    writeSshKey(join(api.keysDir, `other-${project}`));
    body.spec.config.nodes[0]!.ssh!.privateKeyPath = `other-${project}`;
    const answer = await api.call('POST', clustersOf(project), { body });
    expect(answer.status).toBe(409);
    expect(await api.deps.store.secrets.get(`${project}/demo`, 'ssh:m1')).toBe(before);
  });
});

describe('a passphrase', () => {
  const withPassphrase = (passphrase?: string): Cluster => {
    const body = cluster();
    const path = `locked-${project}`;
    for (const node of body.spec.config.nodes) delete node.ssh!.privateKeyPath;
    const secret = passphrase === undefined ? {} : { passphrase };
    body.spec.config.ssh = { username: 'ops', privateKeyPath: path, ...secret };
    return body;
  };
  beforeEach(() => writeSshKey(join(api.keysDir, `locked-${project}`), 'planted-passphrase'));

  test('that is missing is told once, where the key is named', async () => {
    const problems = await problemsOf(
      await api.call('POST', clustersOf(project), { body: withPassphrase() }),
    );
    expect(problems).toEqual([
      {
        path: 'spec.config.ssh.privateKeyPath',
        message: expect.stringContaining('protected by a passphrase'),
      },
    ]);
  });

  test('that is wrong is told without showing it', async () => {
    const answer = await api.call('POST', clustersOf(project), { body: withPassphrase('wr0ng') });
    const problems = await problemsOf(answer);
    expect(problems[0]?.message).toContain('does not open this key');
    expect(JSON.stringify(problems)).not.toContain('wr0ng');
  });

  test('is never answered, and not lost when what a GET gave is posted back', async () => {
    const { store, vault } = api.deps;
    const first = await api.call('POST', clustersOf(project), {
      body: withPassphrase('planted-passphrase'),
    });
    const got = await api.call('GET', `${clustersOf(project)}/demo/status`);
    expect((await first.text()) + (await got.clone().text())).not.toContain('planted-passphrase');
    const again = await api.call('POST', clustersOf(project), { body: await got.json() });
    expect(again.status).toBe(200);
    const sealed = await store.secrets.get(`${project}/demo`, 'ssh:m2');
    expect(vault.open(`${project}/demo`, sealed!)).toContain('planted-passphrase');
    expect((await store.clusters.get(project, 'demo'))?.generation).toBe(1);
  });

  test('that changes is a change', async () => {
    const body = withPassphrase('planted-passphrase');
    await api.call('POST', clustersOf(project), { body });
    const path = join(api.keysDir, `locked-${project}`);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', 'planted-passphrase', '-N', 'newer', '-f', path]);
    body.spec.config.ssh!.passphrase = 'newer';
    await api.call('POST', clustersOf(project), { body });
    expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(2);
  });
});

describe('a key', () => {
  test('of a viewer may not apply', async () => {
    const key = await api.key('viewer', project);
    const answer = await api.call('POST', clustersOf(project), { key, body: cluster() });
    expect(answer.status).toBe(403);
    await nothingWasRecorded();
  });

  test('for another project may not apply', async () => {
    const key = await api.key('admin', await api.project());
    const answer = await api.call('POST', clustersOf(project), { key, body: cluster() });
    expect(answer.status).toBe(403);
    await nothingWasRecorded();
  });

  test('is needed', async () => {
    const answer = await api.call('POST', clustersOf(project), { key: null, body: cluster() });
    expect(answer.status).toBe(401);
    await nothingWasRecorded();
  });
});
