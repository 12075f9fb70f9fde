import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type {
  ConsoleChange,
  ConsoleFirst,
  ConsoleList,
  ConsoleSpec,
  ConsoleTaskset,
  ConsoleTasksetSummary,
} from '../../../core/consoleModel.js';
import type { ClusterRecord } from '../../../core/records.js';
import { openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { tasksetRecord } from '../../../test/api/records.js';
import { newApp } from '../../app.js';
import { beginStory, JOIN_FAILURE } from '../../../test/console/story.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi({
    temporalUi: { url: 'https://temporal.test', namespace: 'fleet' },
    eventPollMs: 20,
    // However busy the computer is.
    firstViewMs: 15_000,
  });
});
afterAll(() => api.close());

async function made(project?: string, name = 'demo'): Promise<ClusterRecord> {
  const of = project ?? (await api.project());
  const answer = await api.apply(of, name);
  expect(answer.status).toBe(200);
  return (await api.deps.store.clusters.get(of, name))!;
}

const pageOf = ({ project, name }: ClusterRecord): string => `/console/clusters/${project}/${name}`;

describe('the files of the console', () => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    api.call('GET', path, { key: null, headers });

  test('the page is the same at each address of its own, and allows nothing inline', async () => {
    const [list, cluster] = await Promise.all([get('/'), get('/clusters/p/c')]);
    expect(await list.text()).toBe(await cluster.text());
    const policy = list.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(list.headers.get('cache-control')).toBe('no-cache');
    expect(list.headers.get('link')).toContain('</console/session>; rel=preload');
    const again = await get('/', { 'if-none-match': list.headers.get('etag')! });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('what it names is there, for good under that name, compressed for who takes it', async () => {
    const page = await (await get('/')).text();
    const names = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name!);
    expect(names).toHaveLength(3);
    for (const name of names) {
      const plain = await get(name);
      expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      const body = await plain.text();
      const br = await get(name, { 'accept-encoding': 'gzip, deflate, br' });
      expect(br.headers.get('content-encoding')).toBe('br');
      expect((await br.arrayBuffer()).byteLength).toBeLessThan(body.length + 1);
      const gzip = await get(name, { 'accept-encoding': 'gzip, br;q=0' });
      expect(gzip.headers.get('content-encoding')).toBe('gzip');
      const decoded = new Response(gzip.body!.pipeThrough(new DecompressionStream('gzip')));
      expect(await decoded.text()).toBe(body);
    }
  });

  test.each(['index.html', 'none.js', '..%2fapp.ts'])('%s is no asset', async (name) => {
    expect((await get(`/assets/${name}`)).status).toBe(404);
  });
});

describe('the list', () => {
  const list = async (query: string, key?: string): Promise<ConsoleList> =>
    (await (
      await api.call('GET', `/console/clusters?${query}`, key === undefined ? {} : { key })
    ).json()) as ConsoleList;

  test('goes through all projects that a key may enter, page by page', async () => {
    const projects = [await api.project(), await api.project()].toSorted();
    for (const project of projects) for (const name of ['a', 'b', 'c']) await made(project, name);
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await list(`limit=2&name=*${token === undefined ? '' : `&continue=${token}`}`);
      expect(page.count).toBe(6);
      seen.push(...page.items.map(({ project, name }) => `${project}/${name}`));
      token = page.continue;
    } while (token !== undefined);
    expect(seen).toEqual(
      projects.flatMap((project) => ['a', 'b', 'c'].map((name) => `${project}/${name}`)),
    );
    const own = await list('', await api.key('viewer', projects[1]));
    expect(own.projects).toEqual([projects[1]]);
    expect(own.items.map(({ project }) => project)).toEqual([
      projects[1],
      projects[1],
      projects[1],
    ]);
    expect(
      (await list(`project=${projects[0]!}`, await api.key('viewer', projects[1]))).items,
    ).toEqual([]);
  });

  test('tells what failed, at which step, and is chosen by it', async () => {
    const cluster = await made();
    await made(cluster.project, 'other');
    const story = await beginStory(api.deps.store, cluster, {
      ...{ tasksetId: 'failed1', startedAt: Date.now() - 60_000, fails: JOIN_FAILURE },
    });
    await story.writeAt(story.length);
    const { items, count } = await list(`project=${cluster.project}&state=failed`);
    expect(count).toBe(1);
    expect(await withoutWholeNodes(cluster.project)).toEqual(items);
    expect(items[0]).toMatchObject({
      ...{ name: 'demo', state: 'failed', nodes: { ready: 2, total: 3 } },
      operation: {
        name: 'ClusterCreation',
        step: { number: 12, total: 18, title: 'Join the cluster' },
      },
    });
    expect(
      (await list(`project=${cluster.project}&state=working`)).items.map(({ name }) => name),
    ).toEqual(['other']);
  });

  /** The list of an API that cannot read nodes with all that is known of them: of a thousand, that is megabytes. */
  const withoutWholeNodes = async (project: string): Promise<ConsoleList['items']> => {
    const { store } = api.deps;
    const nodes = { ...store.nodes, list: () => Promise.reject(new Error('read whole')) };
    const answer = await newApp({ ...api.deps, store: { ...store, nodes } }).request(
      `/console/clusters?project=${project}&state=failed`,
      { headers: { 'x-api-key': api.adminKey } },
    );
    return ((await answer.json()) as ConsoleList).items;
  };

  test('of one project goes on with what others share with it, page by page', async () => {
    const [reader, owner] = [await api.project(), await api.project()];
    for (const name of ['own-a', 'own-b']) await made(reader, name);
    for (const name of ['theirs-a', 'theirs-b', 'theirs-c']) {
      const answer = await api.apply(owner, name, ({ spec }) => {
        if (name !== 'theirs-b') spec.sharing = { enabled: true, projects: [{ name: reader }] };
      });
      expect(answer.status).toBe(200);
    }
    const key = await api.key('viewer', reader);
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await list(`limit=1${token === undefined ? '' : `&continue=${token}`}`, key);
      expect(page.count).toBe(4);
      seen.push(...page.items.map((row) => `${row.project}/${row.name} ${row.sharedBy ?? ''}`));
      token = page.continue;
    } while (token !== undefined);
    expect(seen).toEqual([
      ...['own-a', 'own-b'].map((name) => `${reader}/${name} `),
      ...['theirs-a', 'theirs-c'].map((name) => `${reader}/${name} ${owner}`),
    ]);
    // Who sees both projects sees each once, as its own project's.
    const all = await list(`name=theirs-*&limit=100`);
    expect(all.items.filter(({ project }) => project === reader)).toEqual([]);
    expect(all.items.some(({ sharedBy }) => sharedBy !== undefined)).toBe(false);
  });

  test('is 304 while nothing has changed', async () => {
    const first = await api.call('GET', '/console/clusters');
    const headers = { 'if-none-match': first.headers.get('etag')! };
    expect((await api.call('GET', '/console/clusters', { headers })).status).toBe(304);
  });

  test.each(['state=odd', 'label=a%20b%20c', 'limit=1000', 'unknown=1'])(
    '%s is refused',
    async (query) => {
      expect((await api.call('GET', `/console/clusters?${query}`)).status).toBe(400);
    },
  );
});

describe('the page of a cluster', () => {
  /** Events as they come, until `enough`. */
  async function events(
    cluster: ClusterRecord,
    enough: number,
    { last, meanwhile }: { last?: string; meanwhile?: (seen: number) => Promise<void> } = {},
  ): Promise<{ id: string; change: ConsoleChange }[]> {
    const headers = last === undefined ? {} : { 'last-event-id': last };
    const answer = await api.call('GET', `${pageOf(cluster)}/events`, { headers });
    expect(answer.status).toBe(200);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const seen: { id: string; change: ConsoleChange }[] = [];
    let text = '';
    while (seen.length < enough) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks.filter((one) => one.includes('event: page'))) {
        const id = /^id: (.*)$/m.exec(block)![1]!;
        const change = JSON.parse(/^data: (.*)$/m.exec(block)![1]!) as ConsoleChange;
        seen.push({ id, change });
        await meanwhile?.(seen.length);
      }
    }
    await reader.cancel();
    return seen;
  }

  test('is sent whole at first, then the parts that change, and after a break what changed in it', async () => {
    const cluster = await made();
    const { hostKeys } = api.deps.store;
    const seen = await events(cluster, 2, {
      meanwhile: async (count) => {
        if (count > 1) return;
        await hostKeys.pin({
          ...{
            clusterId: cluster.id,
            hostname: 'm1',
            key: 'ssh-ed25519 A',
            fingerprint: 'SHA256:a',
          },
          source: 'first-use',
        });
        await hostKeys.notePending(cluster.id, 'm1', 'ssh-ed25519 B', 'SHA256:b');
      },
    });
    expect(Object.keys(seen[0]!.change)).toEqual([
      'now',
      'cluster',
      'taskset',
      'nodes',
      'tasksets',
    ]);
    expect(Object.keys(seen.at(-1)!.change)).toEqual(['now', 'nodes']);
    expect(seen.at(-1)!.change.nodes![0]!.hostKeys).toMatchObject([
      { bastion: false, fingerprint: 'SHA256:a', seen: 'SHA256:b' },
    ]);
    await api.deps.store.clusters.markDeleting(cluster.project, cluster.name);
    const [next] = await events(cluster, 1, { last: seen.at(-1)!.id });
    expect(Object.keys(next!.change)).toEqual(['now', 'cluster']);
    expect(next!.change.cluster).toMatchObject({ state: 'deleting', canRetry: false });
  });

  test('has each condition with its time, and steps with theirs', async () => {
    const cluster = await made();
    const startedAt = Date.parse('2026-11-24T08:00:00Z');
    const story = await beginStory(api.deps.store, cluster, { tasksetId: 'times01', startedAt });
    await story.writeAt(story.length);
    const { change } = (await events(cluster, 1))[0]!;
    expect(
      change.cluster!.conditions.map(({ status, at }) => [status, at! > '2026-11-24T08:00']),
    ).toEqual(Array.from({ length: 6 }, () => ['True', true]));
    expect(change.cluster).toMatchObject({
      state: 'ready',
      ahead: false,
      appliedVersion: 'v1.34.4',
    });
    const [creation, sync] = change.taskset!.operations;
    expect(creation!.temporalUrl).toBe(
      `https://temporal.test/namespaces/fleet/workflows/${encodeURIComponent(`ClusterCreation/${cluster.project}/demo/times01`)}`,
    );
    expect(creation!.steps[0]).toMatchObject({
      ...{ number: 1, name: 'facts', title: 'Gather facts' },
      machines: [{ hostname: 'm1', state: 'done', startedAt: '2026-11-24T08:00:00.000Z' }, {}, {}],
    });
    expect(sync!.steps.at(-1)).toMatchObject({
      number: 18,
      name: 'blueprint-health',
    });
    expect(change.taskset!.step).toBeUndefined();
  });

  test('has nothing for who has no key for the project', async () => {
    const cluster = await made();
    const key = await api.key('admin', await api.project());
    for (const path of ['/events', '/spec', '/tasksets', '/tasksets/x']) {
      expect((await api.call('GET', pageOf(cluster) + path, { key })).status).toBe(403);
    }
  });

  test('has its history a hundred at a time, down to the first taskset', async () => {
    const cluster = await made();
    for (let n = 1; n <= 103; n += 1) {
      const id = `h-${String(n)}`;
      await api.deps.store.tasksets.begin(tasksetRecord({ id, clusterId: cluster.id }));
    }
    const sequences = async (query: string) => {
      const answer = await api.call('GET', `${pageOf(cluster)}/tasksets${query}`);
      return ((await answer.json()) as ConsoleTasksetSummary[]).map(({ sequence }) => sequence);
    };
    const newest = await sequences('');
    expect([newest.length, newest[0], newest.at(-1)]).toEqual([100, 103, 4]);
    expect(await sequences('?before=4')).toEqual([3, 2, 1]);
    expect(await sequences('?before=1')).toEqual([]);
    for (const before of ['abc', '', '-1', '1.5', '1e3']) {
      const path = `${pageOf(cluster)}/tasksets?before=${before}`;
      expect([before, (await api.call('GET', path)).status]).toEqual([before, 400]);
    }
  });

  test('has an older taskset by its id, and all of them in short', async () => {
    const cluster = await made();
    const options = { startedAt: Date.now() - 60_000, fails: JOIN_FAILURE };
    const first = await beginStory(api.deps.store, cluster, { tasksetId: 'older01', ...options });
    await first.writeAt(first.length);
    await beginStory(api.deps.store, cluster, { tasksetId: 'newer01', startedAt: Date.now() });
    const one = await api.call('GET', `${pageOf(cluster)}/tasksets/older01`);
    const taskset = (await one.json()) as ConsoleTaskset;
    const failed = taskset.operations[0]!.steps.find(({ name }) => name === 'kubeadm-join');
    expect(failed!.machines.at(-1)).toMatchObject({ state: 'failed', failure: { exitCode: 1 } });
    const all = await api.call('GET', `${pageOf(cluster)}/tasksets`);
    expect(((await all.json()) as { id: string }[]).map(({ id }) => id)).toEqual([
      'newer01',
      'older01',
    ]);
    expect((await api.call('GET', `${pageOf(cluster)}/tasksets/none`)).status).toBe(404);
  });

  test('has the spec as it can be posted back, without secrets, beside what was applied in the same order', async () => {
    const cluster = await made();
    const read = async (): Promise<ConsoleSpec> =>
      (await (await api.call('GET', `${pageOf(cluster)}/spec`)).json()) as ConsoleSpec;
    expect(await read()).not.toHaveProperty('applied');
    const { spec } = cluster.desired;
    const applied = { ...spec, config: { ...spec.config, nodes: spec.config.nodes.toReversed() } };
    await api.deps.store.clusters.setApplied(cluster.id, { spec: applied });
    const now = await read();
    expect(now.applied).toBe(now.desired);
    const posted = await api.call(
      'POST',
      `/apis/infra.k8smgmt.io/v3/projects/${cluster.project}/clusters`,
      {
        text: now.desired,
        headers: { 'content-type': 'application/yaml', 'if-match': `"${now.resourceVersion}"` },
      },
    );
    expect(posted.status).toBe(200);
    expect((await api.deps.store.clusters.get(cluster.project, 'demo'))?.generation).toBe(1);
  });
});

describe('the page of who has logged in', () => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    api.call('GET', path, { key: null, headers });
  const host = { host: 'plinth.test:8080' };
  async function cookieOf(apiKey: string): Promise<string> {
    const ours = { 'sec-fetch-site': 'same-origin', 'x-plinth-console': '1' };
    const headers = { ...host, ...ours, origin: 'http://plinth.test:8080' };
    const opened = await api.call('POST', '/console/session', {
      ...{ key: null, body: { apiKey }, headers },
    });
    expect(opened.status).toBe(200);
    return opened.headers.get('set-cookie')!.split(';')[0]!;
  }
  const firstOf = (page: string): ConsoleFirst | null =>
    JSON.parse(
      /<script type="application\/json" id="first">([^<]*)<\/script>/.exec(page)![1]!,
    ) as ConsoleFirst | null;

  test('has in it what it would ask for first: who that is, and the list', async () => {
    const { project } = await made();
    const cookie = await cookieOf(await api.key('viewer', project));
    const answer = await get('/', { ...host, cookie });
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toMatch(/style-src 'self' 'sha256-[^' ]+';/);
    expect(answer.headers.get('link')).toBeNull();
    const page = await answer.text();
    const { now, session, list } = firstOf(page)!;
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(5000);
    const headers = { ...host, cookie, 'sec-fetch-site': 'same-origin', 'x-plinth-console': '1' };
    expect(session).toEqual(await (await get('/console/session', headers)).json());
    const asked = await get('/console/clusters?', headers);
    expect(list!.value).toEqual(await asked.json());
    expect(list!.value.items.map(({ name }) => name)).toEqual(['demo']);
    // Else it is the same page, but that its style sheet is in it and its script last, so that it is soon to be seen.
    const plain = await (await get('/')).text();
    const [script = '', address = ''] =
      /\s*<script type="module" blocking="render" src="([^"]+)"><\/script>/.exec(plain)!;
    const [link = '', sheet = ''] = /<link rel="stylesheet" href="([^"]+)" \/>/.exec(plain)!;
    const css = await (await get(sheet)).text();
    expect(
      page
        .replace(' data-theme="auto"', '')
        .replace(`<style>${css}</style>`, link)
        .replace(/<a class="skip".*/, '<!-- view -->')
        .replace(/<script type="application.*<\/script>/, '<!-- first -->')
        .replace(/\s*<script type="module" src=.*<\/script><\/body>/, '</body>'),
    ).toBe(plain.replace(script, '').replace(/\s*<\/body>/, '</body>'));
    expect(page).toContain(`<script type="module" src="${address}"></script></body>`);
  });

  test('shows the list without its script, in the theme of the cookie; another page waits for that', async () => {
    const { project } = await made();
    await made(project, 'other');
    const cookie = await cookieOf(await api.key('viewer', project));
    const shown = async (path: string, more = ''): Promise<string> =>
      (await get(path, { ...host, cookie: cookie + more })).text();
    const list = await shown('/?name=oth*', '; plinth-theme=dark');
    expect(list).toContain('<html data-theme="dark"');
    expect(list).toContain(`href="/clusters/${project}/other" class="row-link"`);
    expect(list).not.toContain(`/clusters/${project}/demo`);
    expect(list).toContain('placeholder="Name begins with …" value="oth"');
    expect(list).not.toContain('blocking');
    expect(await shown('/', '; plinth-theme="><script>')).toContain('<html data-theme="auto"');
    const other = await shown(`/clusters/${project}/demo`);
    expect(other).not.toContain('<main');
    expect(other).toContain('blocking="render"');
    // Its commands name the address that the browser knows.
    expect(await shown('/?name=none*')).not.toContain('<main');
  });

  test('comes compressed, part by part', async () => {
    const cookie = await cookieOf(api.adminKey);
    const plain = await (await get('/', { ...host, cookie })).text();
    const { store } = api.deps;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const projects = {
      ...store.projects,
      list: async (...of: Parameters<typeof store.projects.list>) => {
        await released;
        return store.projects.list(...of);
      },
    };
    const app = newApp({ ...api.deps, store: { ...store, projects } });
    const headers = { ...host, cookie, 'accept-encoding': 'gzip, br' };
    const answer = await app.request('/', { headers });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    for (const accepted of ['br', 'gzip;q=0, br', 'identity']) {
      const other = await get('/', { ...host, cookie, 'accept-encoding': accepted });
      expect([accepted, other.headers.get('content-encoding')]).toEqual([accepted, null]);
      expect(await other.text()).toContain('</html>');
    }
    const stream = answer.body!.pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let head = '';
    while (!head.includes('<div id="root">')) head += (await reader.read()).value!;
    release();
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    const withoutTimes = (text: string): string => text.replaceAll(/"now":"[^"]*"/g, '');
    expect(withoutTimes(`${head}${rest}`)).toBe(withoutTimes(plain));
  });

  test('comes with its style before that is known', async () => {
    const cookie = await cookieOf(api.adminKey);
    const { store } = api.deps;
    const hanging = { ...store.projects, list: () => new Promise<never>(() => undefined) };
    const config = { ...api.deps.config, firstViewMs: 300 };
    const app = newApp({ ...api.deps, config, store: { ...store, projects: hanging } });
    const answer = await app.request('/', { headers: { ...host, cookie } });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { value: head } = await reader.read();
    expect(head).toContain('</style>');
    // It is shown without the list, and asks: nobody looks at an empty page for long.
    const { value: tail } = await reader.read();
    const { session, list } = firstOf(tail!)!;
    expect([session.user?.role, list, tail!.trimEnd().endsWith('</html>')]).toEqual([
      'admin',
      undefined,
      true,
    ]);
  });

  test('has the list of its address, and none where it shows no list', async () => {
    const { project } = await made();
    await made(project, 'other');
    const cookie = await cookieOf(await api.key('viewer', project));
    const first = async (path: string, by = cookie) =>
      firstOf(await (await get(path, { ...host, cookie: by })).text());
    const names = async (path: string) =>
      (await first(path))?.list?.value.items.map(({ name }) => name);
    expect(await names('/?name=oth*')).toEqual(['other']);
    expect(await names(`/clusters/${project}/demo`)).toBeUndefined();
    expect((await first(`/clusters/${project}/demo`))!.session.user).toBeDefined();
    // What is wrong with it is said where the page asks.
    const odd = (await first('/?state=odd'))!;
    expect([odd.session.user !== undefined, odd.list]).toEqual([true, undefined]);
    const nobody = (await first('/', 'plinth_session_8080=unknown'))!;
    expect([nobody.session.user, nobody.list]).toEqual([undefined, undefined]);
  });

  test('has nothing in it that ends its script', async () => {
    const cluster = await made();
    const label = '</script><script>alert(1)</script>';
    await api.deps.store.clusters.setCommonStatus(cluster.id, {
      ...{ conditionStatus: 3, reason: label, sequence: 99, generation: cluster.generation },
    });
    const cookie = await cookieOf(await api.key('viewer', cluster.project));
    const page = await (await get('/', { ...host, cookie })).text();
    expect(page).not.toContain('alert(1)</script>');
    expect(firstOf(page)!.list!.value.items[0]!.reason).toContain(label);
  });
});
