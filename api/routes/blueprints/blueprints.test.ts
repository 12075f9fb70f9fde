import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { blueprintOwner, type AddonContent } from '../../../core/blueprints.js';
import type { Problem } from '../../../core/errors.js';
import { openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { openContent } from '../../../vault/sealedContent.js';
import type { BlueprintView } from '../../schemas/blueprint.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let api: TestApi;
let project: string;
let files: Server;
let url: string;
const served = new Map<string, Buffer>();
const asked: string[] = [];
beforeAll(async () => {
  api = await openTestApi();
  files = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = served.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${String((files.address() as AddressInfo).port)}`;
});
afterAll(async () => {
  files.close();
  await api.close();
});
beforeEach(async () => {
  project = await api.project();
  served.clear();
  asked.length = 0;
});

const SECRET = 'correct-horse-battery';
const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${SECRET}}\n`;
const configMap = (colour: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {colour: ${colour}}\n`;
const of = (rest = ''): string => `/apis/infra.k8smgmt.io/v3/projects/${project}/blueprints${rest}`;
const body = (addons: object[], spec: object = {}, name = 'web') => ({
  ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'Blueprint', metadata: { name } },
  spec: { ...spec, addons },
});
const manifest = (text: string) => ({
  name: 'a',
  type: 'Manifest',
  namespace: 'n',
  manifest: text,
});
const post = (value: unknown, key?: string): Promise<Response> =>
  api.call('POST', of(), { body: value, ...(key === undefined ? {} : { key }) });
async function posted(value: unknown): Promise<BlueprintView> {
  const answer = await post(value);
  expect(answer.status, await answer.clone().text()).toBe(200);
  return (await answer.json()) as BlueprintView;
}
async function problems(value: unknown): Promise<Problem[]> {
  const answer = await post(value);
  expect(answer.status).toBe(400);
  return ((await answer.json()) as { details: Problem[] }).details;
}
const read = async (rest: string, key?: string): Promise<BlueprintView> =>
  (await (
    await api.call('GET', of(rest), key === undefined ? {} : { key })
  ).json()) as BlueprintView;

/** A gzip'd tar of text files. */
function archive(files: readonly (readonly [name: string, text: string])[]): Buffer {
  const entries = files.flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(text.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    return [header, Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'))];
  });
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
}

describe('a blueprint', () => {
  test('is made, read as it was given, and a changed one is a version of its own', async () => {
    const first = body([manifest(configMap('blue'))], { base: { name: 'default' } });
    expect(await posted(first)).toMatchObject({ status: { version: 'v1' } });
    const view = await read('/web');
    expect(view.spec).toEqual(first.spec);
    expect(view.metadata).toMatchObject({ name: 'web', project });
    expect((await posted({ ...view })).status.version, 'posted back').toBe('v1');
    expect(await posted(body([manifest(configMap('red'))]))).toMatchObject({
      status: { version: 'v2' },
    });
    expect((await read('/web?version=v1')).spec.addons[0]?.manifest).toContain('blue');
    const versions = await (await api.call('GET', of('/web/versions'))).json();
    expect(versions).toMatchObject({
      metadata: { count: 2 },
      items: [{ status: { version: 'v2' } }, { status: { version: 'v1' } }],
    });
    expect(JSON.stringify(versions)).not.toContain('colour');
  });

  test('of a word that is there with another content is refused', async () => {
    await posted(body([manifest(configMap('blue'))], { version: 'blue' }));
    const answer = await post(body([manifest(configMap('red'))], { version: 'blue' }));
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('versions do not change');
  });

  test('stands among the built-in ones in the list, page by page', async () => {
    for (const name of ['alpha', 'zeta']) await posted(body([manifest(configMap('x'))], {}, name));
    const names: string[] = [];
    let next: string | undefined;
    do {
      const more = next === undefined ? '' : `&continue=${next}`;
      const list = (await (await api.call('GET', of(`?limit=1${more}`))).json()) as {
        metadata: { count: number; continue?: string };
        items: BlueprintView[];
      };
      expect(list.metadata.count).toBe(4);
      names.push(...list.items.map(({ metadata }) => metadata.name));
      next = list.metadata.continue;
    } while (next !== undefined);
    expect(names).toEqual(['alpha', 'default', 'minimal', 'zeta']);
    for (const [offset, wanted] of [
      [1, ['default', 'minimal']],
      [2, ['minimal', 'zeta']],
      [3, ['zeta']],
      [4, []],
    ] as const) {
      const page = await api.call('GET', of(`?limit=2&offset=${String(offset)}`));
      const { items } = (await page.json()) as { items: BlueprintView[] };
      expect(items.map(({ metadata }) => metadata.name)).toEqual(wanted);
    }
    const filtered = (await (await api.call('GET', of('?name=ze*'))).json()) as {
      items: unknown[];
    };
    expect(filtered.items).toHaveLength(1);
  });

  test('is for operators to change; viewers read it without its contents', async () => {
    const viewer = await api.key('viewer', project);
    const value = body([manifest(secret)]);
    expect((await post(value, viewer)).status).toBe(403);
    await posted(value);
    expect(JSON.stringify(await read('/web'))).toContain(SECRET);
    const seen = await read('/web', viewer);
    expect(seen.spec.addons[0]).toEqual({ name: 'a', type: 'Manifest', namespace: 'n' });
    expect((await api.call('DELETE', of('/web'), { key: viewer })).status).toBe(403);
    const foreign = await api.key('admin', await api.project());
    expect((await api.call('GET', of('/web'), { key: foreign })).status).toBe(403);
  });

  test('lies sealed in the database, and goes from it whole', async () => {
    const owner = blueprintOwner(project, 'web');
    await posted(body([manifest(secret)]));
    const { client, database } = api.database;
    const db = client.db(database);
    const everything = async (): Promise<string> => {
      const all = await db.listCollections().toArray();
      const found = await Promise.all(all.map(({ name }) => db.collection(name).find().toArray()));
      return JSON.stringify(found);
    };
    const kept = await everything();
    expect(kept).toContain(owner);
    expect(kept).not.toContain(SECRET);
    expect(kept).not.toContain(Buffer.from(SECRET).toString('base64').slice(2, -4));
    expect((await api.call('DELETE', of('/web'))).status).toBe(200);
    expect(await everything()).not.toContain(owner);
    expect((await api.call('GET', of('/web'))).status).toBe(404);
  });

  test('leaves its changes in the audit log, without its contents', async () => {
    await posted(body([manifest(secret)]));
    await posted(body([manifest(configMap('red'))]));
    await api.call('DELETE', of('/web'));
    const { items } = await api.deps.store.audit.list({ limit: 10, offset: 0, project });
    expect(items.map(({ action, summary }) => [action, summary])).toEqual([
      ['blueprint.delete', 'blueprint web'],
      ['blueprint.update', 'version v2'],
      ['blueprint.create', 'version v1'],
    ]);
    expect(JSON.stringify(items)).not.toContain(SECRET);
  });

  test('that is built in is neither changed nor deleted', async () => {
    expect((await problems(body([], {}, 'default')))[0]?.path).toBe('metadata.name');
    expect((await api.call('DELETE', of('/default'))).status).toBe(409);
    expect(await read('/default')).toMatchObject({
      ...{ spec: { addons: [{ name: 'metrics-server' }] }, status: { builtIn: true } },
    });
  });

  test('of many parts, one of them larger than a piece that is sealed, comes back as it was', async () => {
    const large = `${configMap('x')}# é${'𝄞'.repeat(700_000)}\n`;
    await posted(body([manifest(large)]));
    expect((await read('/web')).spec.addons[0]?.manifest).toBe(large);
  });
});

describe('an add-on by URL', () => {
  const byUrl = (path: string, rest: object = {}) => ({
    ...{ name: 'a', type: 'Manifest', namespace: 'n', url: url + path, ...rest },
  });
  const sum = (of: string | Buffer): string => createHash('sha256').update(of).digest('hex');

  /** What is kept of the only add-on of the newest version. */
  async function contentOf(name: string): Promise<AddonContent> {
    const { store, vault } = api.deps;
    const [addon] = (await store.blueprints.version(project, name))?.addons ?? [];
    return openContent(vault, blueprintOwner(project, name), addon!.content, (owner, piece) =>
      store.secrets.get(owner, piece),
    );
  }

  test('is read when the version is made; its sum is recorded, and a changed one is a new version', async () => {
    served.set('/a.yaml', Buffer.from(configMap('blue')));
    const view = await posted(body([byUrl('/a.yaml')]));
    expect(view.status.addons).toMatchObject([{ name: 'a', sha256: sum(configMap('blue')) }]);
    expect(view.spec.addons).toEqual([byUrl('/a.yaml')]);
    expect((await posted(body([byUrl('/a.yaml')]))).status.version).toBe('v1');
    served.set('/a.yaml', Buffer.from(configMap('red')));
    expect((await posted(body([byUrl('/a.yaml')]))).status.version).toBe('v2');
  });

  test('whose sum is given must have it, and is then read once', async () => {
    served.set('/a.yaml', Buffer.from(configMap('blue')));
    const pinned = body([byUrl('/a.yaml', { sha256: sum(configMap('blue')) })]);
    await posted(pinned);
    await posted({ ...pinned, metadata: { name: 'web', description: 'pinned' } });
    expect(asked).toEqual(['/a.yaml']);
    const wrong = body([byUrl('/a.yaml', { sha256: '0'.repeat(64) })]);
    expect(await problems(wrong)).toEqual([
      {
        path: 'spec.addons[0].sha256',
        message: `is not that of what the url gives: ${sum(configMap('blue'))}`,
      },
    ]);
  });

  test('that gives something else is told so, without what it gave', async () => {
    served.set('/a.yaml', Buffer.from(`${SECRET}: [`));
    served.set('/b.tgz', Buffer.from('no archive'));
    const found = await problems(
      body([
        byUrl('/a.yaml'),
        { name: 'b', type: 'Kustomize', url: `${url}/b.tgz` },
        { name: 'c', type: 'Manifest', url: `${url}/missing` },
        { name: 'd', type: 'Manifest', url: 'http://169.254.169.254/latest/meta-data' },
      ]),
    );
    expect(found.map(({ path }) => path)).toEqual([0, 1, 2, 3].map((n) => `spec.addons[${n}].url`));
    expect(found.slice(1).map(({ message }) => message)).toEqual([
      'gives no .tar.gz',
      'answered 404',
      'cannot be read: its address is link-local',
    ]);
    expect(JSON.stringify(found)).not.toContain(SECRET);
  });

  test('may be an archive of a kustomization', async () => {
    const files = { 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': configMap('x') };
    const inFolder = Object.entries(files).map(([name, text]) => [`repo/${name}`, text] as const);
    served.set('/k.tgz', archive(inFolder));
    await posted(body([{ name: 'k', type: 'Kustomize', url: `${url}/k.tgz` }]));
    const stored = await api.deps.store.blueprints.version(project, 'web');
    expect(stored?.addons[0]?.content.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await contentOf('web')).toEqual({ files });
  });

  test('may be a chart, which is kept to the byte, beside its values', async () => {
    const chart = archive([
      ['web/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\n'],
      ['web/templates/c.yaml', configMap('{{ .Values.colour }}')],
    ]);
    served.set('/web-1.0.0.tgz', chart);
    const addon = { name: 'h', type: 'Helm', namespace: 'n', url: `${url}/web-1.0.0.tgz` };
    const view = await posted(body([{ ...addon, values: 'colour: blue\n' }]));
    expect(view.status.addons).toMatchObject([{ name: 'h', sha256: sum(chart) }]);
    const kept = await contentOf('web');
    expect(Buffer.from(kept.chart ?? '', 'base64').equals(chart)).toBe(true);
    expect(kept).toEqual({ chart: chart.toString('base64'), values: 'colour: blue\n' });
  });

  test.each([
    ['Helm', '<html>sign in</html>', 'is no .tgz: give the file that `helm package` writes'],
    ['Kustomize', '<html>sign in</html>', 'gives no .tar.gz'],
    [
      'Kustomize',
      archive([['repo/a.yaml', configMap('x')]]),
      expect.stringContaining('kustomization.yaml'),
    ],
  ])('of type %s that gives something else changes nothing', async (type, gives, message) => {
    await posted(body([manifest(configMap('blue'))]));
    served.set('/page', Buffer.from(gives));
    const addon = { name: 'x', type, namespace: 'n', url: `${url}/page` };
    expect(await problems(body([addon]))).toEqual([{ path: 'spec.addons[0].url', message }]);
    const view = await read('/web');
    expect(view.status.version).toBe('v1');
    expect(view.spec.addons).toEqual([manifest(configMap('blue'))]);
  });
});

describe('a cluster', () => {
  test('may name a blueprint of its project, and a version of it', async () => {
    await posted(body([manifest(configMap('blue'))]));
    const named = (version?: string) =>
      api.apply(project, 'c', (cluster) => {
        cluster.spec.blueprint = { name: 'web', ...(version === undefined ? {} : { version }) };
      });
    expect((await named('v2')).status).toBe(400);
    expect(await (await named('v2')).text()).toContain('has no version');
    const applied = (await (await named('v1')).json()) as { spec: { blueprint: unknown } };
    expect(applied.spec.blueprint).toEqual({ name: 'web', version: 'v1' });
    const home = project;
    project = await api.project();
    const foreign = await api.apply(project, 'c', (cluster) => {
      cluster.spec.blueprint = { name: 'web' };
    });
    expect(foreign.status).toBe(400);
    project = home;
    const refused = await api.call('DELETE', of('/web'));
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('used by cluster c');
  });

  test('is told of a new version of what it follows; one that is made first is not rolled out', async () => {
    await posted(body([manifest(configMap('blue'))]));
    expect(api.workflows.rolledOut).not.toContain(`${project}/web`);
    expect((await api.call('GET', of('/web/rollout'))).status).toBe(404);
    api.workflows.away = true;
    await posted(body([manifest(configMap('red'))]));
    api.workflows.away = false;
    expect(await api.deps.store.blueprints.pendingRollouts(100)).toContainEqual({
      ...{ project, name: 'web' },
    });
    await posted(body([manifest(configMap('red'))]));
    expect(api.workflows.rolledOut).toContain(`${project}/web`);
    await api.deps.store.blueprints.putRollout({
      ...{ project, name: 'web', version: 'v2', sequence: 2, state: 'Running' },
      clusters: [
        { id: '1', name: 'a', state: 'Updated' },
        { id: '2', name: 'b', state: 'Failed', reason: 'm1: it broke' },
      ],
      startedAt: '2026-11-24T08:20:11Z',
    });
    expect(await (await api.call('GET', of('/web/rollout'))).json()).toMatchObject({
      ...{ version: 'v2', counts: { Updated: 1, Failed: 1, Waiting: 0 } },
      clusters: [{ name: 'b', reason: 'm1: it broke' }, { name: 'a' }],
    });
  });

  test('is compared with its blueprint when somebody asks, once it is provisioned', async () => {
    await api.apply(project, 'c');
    const path = `/apis/infra.k8smgmt.io/v3/projects/${project}/clusters/c`;
    expect((await api.call('POST', `${path}/sync`)).status).toBe(409);
    expect((await api.call('GET', `${path}/drift`)).status).toBe(404);
    const { id, retries } = (await api.deps.store.clusters.get(project, 'c'))!;
    await api.deps.store.clusters.setApplied(id, { created: true });
    expect((await api.call('POST', `${path}/sync`)).status).toBe(200);
    expect(await api.deps.store.clusters.get(project, 'c')).toMatchObject({
      ...{ retries: retries + 1, syncs: 1, commonStatus: { conditionStatus: 1 } },
    });
    expect(api.workflows.notified).toContain(`${project}/c`);
    const drift = {
      ...{ checkedAt: 'now', blueprint: { name: 'default' }, policy: 'Correct' as const },
      ...{ objects: ['deployment web/site'], count: 1 },
    };
    await api.deps.store.clusters.setDrift(id, drift);
    expect(await (await api.call('GET', `${path}/drift`)).json()).toEqual(drift);
  });
});
