import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { writeSshKey } from '../api/openTestApi.js';
import { until } from '../api/until.js';
import { testKey } from '../ssh/keys.js';
import { openCliInProcess, type CliInProcess } from './cliInProcess.js';

let cli: CliInProcess;
beforeAll(async () => {
  cli = await openCliInProcess();
});
afterAll(() => cli.close());
beforeEach(() => cli.nextProject());

const head = { apiVersion: 'infra.k8smgmt.io/v3' };
const blueprint = {
  ...{ ...head, kind: 'Blueprint', metadata: { name: 'own' } },
  spec: { base: { name: 'minimal' }, addons: [] as object[] },
};
const credential = () => ({
  ...{ ...head, kind: 'Credential', metadata: { name: 'fleet' } },
  spec: { type: 'ssh', username: 'ops', privateKey: testKey().privateKey },
});
/** Logged in to by the credential of the file, with the blueprint of the file. */
const clusterOfBoth = (name = 'both') =>
  cli.cluster(name, ({ spec }) => {
    spec.cloudCredentials = 'fleet';
    spec.blueprint = { name: 'own' };
    delete spec.config.ssh;
    for (const node of spec.config.nodes) delete node.ssh!.privateKeyPath;
  });

describe('apply --dry-run', () => {
  test('takes what an apply takes, and says of each document what would become of it', async () => {
    const file = cli.write('multi.yaml', clusterOfBoth(), blueprint, credential());
    const { code, out, err } = await cli.run(`apply --dry-run -f ${file}`);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      'credential fleet would be created; only an apply checks all of it',
      'blueprint own would be created; only an apply checks all of it',
      'cluster both is not refused so far; the rest is known once its spec.blueprint.name, spec.cloudCredentials, which an apply of the file brings, is there',
    ]);
    const { store } = cli.api.deps;
    expect(await store.credentials.get(cli.project, 'fleet')).toBeUndefined();
    expect(await store.clusters.get(cli.project, 'both')).toBeUndefined();
    expect((await cli.run(`apply -f ${file}`)).code).toBe(0);
    const again = await cli.run(`apply --dry-run -f ${file}`);
    expect(again.code).toBe(0);
    expect(again.out).toContain('credential fleet is there already: it would be sent, and changed');
    expect(again.out).toContain('blueprint own is there already');
    expect(again.out).toContain('ClusterCreation: the cluster does not exist yet');
  });

  test('what is wrong beside that is refused, with its line, and no other document hides it', async () => {
    const cluster = clusterOfBoth();
    cluster.spec.config.network.podSubnet = 'nope';
    const wrong = { ...credential(), spec: { ...credential().spec, hostKey: 'MD5:1' } };
    const file = cli.write('wrong.yaml', wrong, cluster, blueprint);
    const { code, out, err } = await cli.run(`apply --dry-run -f ${file}`);
    expect([code, err]).toEqual([65, 'plinth: it would be refused']);
    expect(out).toMatch(/^refused: \S+wrong\.yaml:\d+:\d+ spec\.hostKey: /m);
    expect(out).toMatch(/^refused: \S+wrong\.yaml:\d+:\d+ spec\.config\.network\.podSubnet: /m);
    expect(out).not.toContain('cloudCredentials');
  });

  test.each([
    [
      'v2',
      [
        { name: 'own', version: 'v1' },
        { name: 'x', version: 'v2' },
      ],
      false,
    ],
    ['v2', [{ name: 'own' }, { name: 'x', version: 'v2' }], false],
    [
      'v2',
      [
        { name: 'own', version: 'v1' },
        { name: 'own', version: 'v2' },
      ],
      true,
    ],
    ['v1', [{ name: 'own' }], true],
    ['latest', [{ name: 'own', version: 'blue' }], true],
  ])(
    'a blueprint in version %s of the file %j is as for an apply: %s',
    async (version, of, well) => {
      const cluster = cli.cluster('pinned', ({ spec }) => {
        spec.blueprint = { name: 'own', version };
      });
      const addons = (data: string) => [
        {
          ...{ name: 'web', type: 'Manifest' },
          manifest: stringify({
            ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'n' } },
            data: { data },
          }),
        },
      ];
      const blueprints = of.map(({ name, ...spec }: { name: string; version?: string }, index) => ({
        ...{ ...blueprint, metadata: { name } },
        spec: { ...blueprint.spec, ...spec, addons: addons(String(index)) },
      }));
      const file = cli.write('pinned.yaml', cluster, ...blueprints);
      const dry = await cli.run(`apply --dry-run -f ${file}`);
      const wet = await cli.run(`apply -f ${file}`);
      expect([dry.code, wet.code]).toEqual(well ? [0, 0] : [65, 65]);
      if (well) expect(dry.out).toContain('cluster pinned is not refused so far');
      else expect(dry.out).toMatch(/pinned\.yaml:\d+:\d+ spec\.blueprint\.version: /);
    },
  );

  test('a version is looked for in the blueprint that is named, also where that is there', async () => {
    await cli.run(`apply -f ${cli.write('own.yaml', blueprint)}`);
    const cluster = cli.cluster('other', ({ spec }) => {
      spec.blueprint = { name: 'own', version: 'blue' };
    });
    const x = {
      ...blueprint,
      metadata: { name: 'x' },
      spec: { ...blueprint.spec, version: 'blue' },
    };
    const file = cli.write('other.yaml', cluster, x);
    expect((await cli.run(`apply --dry-run -f ${file}`)).code).toBe(65);
    const own = { ...x, metadata: { name: 'own' } };
    const good = cli.write('good.yaml', cluster, own);
    expect((await cli.run(`apply --dry-run -f ${good}`)).code).toBe(0);
  });

  test('a new credential without a key is refused, one that is there keeps its own', async () => {
    const { privateKey: _key, ...spec } = credential().spec;
    const file = cli.write('keyless.yaml', { ...credential(), spec });
    const dry = await cli.run(`apply --dry-run -f ${file}`);
    expect([dry.code, dry.out]).toEqual([
      65,
      expect.stringMatching(/^refused: \S+keyless\.yaml:\d+:\d+ spec\.privateKey: is missing/),
    ]);
    expect((await cli.run(`apply -f ${file}`)).code).toBe(65);
    await cli.run(`apply -f ${cli.write('keyed.yaml', credential())}`);
    expect((await cli.run(`apply --dry-run -f ${file}`)).code).toBe(0);
  });

  test('a key that the apply would upload is not refused', async () => {
    writeSshKey(join(cli.folder, 'id_dry'));
    const cluster = cli.cluster('keyed', ({ spec }) => {
      for (const node of spec.config.nodes) node.ssh = { ...node.ssh, privateKeyPath: 'id_dry' };
    });
    const file = cli.write('keyed.yaml', cluster);
    const { code, out, err } = await cli.run(`apply --dry-run -f ${file}`);
    expect([code, err]).toEqual([0, expect.stringContaining('id_dry is uploaded by an apply')]);
    expect(out).toMatch(/^cluster keyed is not refused so far; .*ssh\.privateKeyPath/);
    const ofServer = await cli.run(`apply --dry-run --no-upload-keys -f ${file}`);
    expect([ofServer.code, ofServer.out]).toEqual([65, expect.stringContaining('id_dry')]);
  });
});

test('apply --no-upload-keys leaves a key on this computer where it is', async () => {
  writeSshKey(join(cli.folder, 'id_left'));
  const cluster = cli.cluster('left', ({ spec }) => {
    for (const node of spec.config.nodes) node.ssh = { ...node.ssh, privateKeyPath: 'id_left' };
  });
  const file = cli.write('left.yaml', cluster);
  const { code, err } = await cli.run(`apply --no-upload-keys -f ${file}`);
  expect([code, err]).toEqual([65, expect.stringContaining('id_left')]);
  const { credentials } = cli.api.deps.store;
  expect((await credentials.list(cli.project, { limit: 9 })).items).toEqual([]);
});

describe('apply --wait of several clusters', () => {
  const several = (...names: string[]) =>
    cli.write('several.yaml', ...names.map((name) => cli.cluster(name)));

  const untilApplied = (name: string) =>
    until(`${name} is applied`, () => cli.api.deps.store.clusters.get(cli.project, name));

  test('each is waited for and reported, and one that failed ends it with 1', async () => {
    const file = several('one', 'two');
    const applying = cli.run(`apply --wait --timeout 15s -f ${file}`);
    await untilApplied('two');
    await cli.end('one', await cli.begin('one'), false);
    await cli.end('two', await cli.begin('two'), true);
    const { code, out, err } = await applying;
    expect(out).toMatch(/^one \(\w+\) FAILED: /m);
    expect(out).toMatch(/^two \(\w+\) READY: it is applied$/m);
    expect([code, err.split('\n')]).toEqual([
      1,
      ['plinth: 1 of 2 clusters are not READY', '  one: reset failed on m1 of one'],
    ]);
  });

  test('one deadline is for all of them, and what ended before it is told', async () => {
    const file = several('slow', 'slower', 'ready');
    await cli.run(`apply -f ${file}`);
    for (const name of ['slow', 'slower']) await cli.begin(name);
    await cli.end('ready', await cli.begin('ready'), true);
    const began = Date.now();
    const { code, out, err } = await cli.run(`apply --wait --timeout 6s -f ${file}`);
    // The applies before it and the looks after it included; with a deadline each it would be twelve seconds.
    expect(Date.now() - began).toBeLessThan(11_900);
    expect(out).toMatch(/^ready \(\w+\) READY/m);
    expect([code, err]).toEqual([124, expect.stringContaining('2 of 3 clusters are not READY')]);
    expect(err).toContain(
      '  slower: stopped watching after 6.0 s; the operation on cluster slower',
    );
  });

  test('without a Cluster in the file it says that there is nothing to wait for', async () => {
    const file = cli.write('clusterless.yaml', blueprint);
    expect(await cli.run(`apply --wait -f ${file}`)).toEqual({
      code: 0,
      out: `blueprint own is applied to project ${cli.project}`,
      err: `${file} holds no Cluster to wait for`,
    });
  });

  test('of one cluster what it says is as ever', async () => {
    const file = several('alone');
    const applying = cli.run(`apply --wait -f ${file}`);
    await untilApplied('alone');
    await cli.end('alone', await cli.begin('alone'), false);
    const { code, err } = await applying;
    expect([code, err]).toEqual([1, 'plinth: reset failed on m1 of alone']);
  });
});

describe('validate', () => {
  const nowhere = { env: { PLINTH_URL: 'http://127.0.0.1:1', PLINTH_API_KEY: '' } };

  test('passes a good file of every kind', async () => {
    const file = cli.write('good.yaml', clusterOfBoth(), blueprint, credential());
    const { code, out, err } = await cli.run(`validate -f ${file}`, nowhere);
    expect([code, out, err]).toEqual([
      ...[0, 'credential fleet is valid\nblueprint own is valid\ncluster both is valid', ''],
    ]);
  });

  test("tells what is wrong with a Credential and with a Blueprint's add-ons, and no key", async () => {
    const key = { ...credential(), spec: { ...credential().spec, username: '-x', passphrase: 12 } };
    const addons = [{ name: 'web', type: 'Manifest', manifest: 'kind: [' }];
    const file = cli.write('bad.yaml', key, { ...blueprint, spec: { ...blueprint.spec, addons } });
    const { code, err } = await cli.run(`validate -f ${file}`, nowhere);
    expect([code, err.split('\n')[0]]).toEqual([65, `plinth: ${file}: 3 problems`]);
    expect(err).toMatch(/bad\.yaml:\d+:\d+ spec\.username: /);
    expect(err).toContain('spec.passphrase: must be a string: put it in quotes');
    expect(err).toMatch(/bad\.yaml:\d+:\d+ spec\.addons\[0\]\.manifest: /);
    expect(err).not.toContain('PRIVATE KEY');
  });

  describe.each(['validate', 'apply --dry-run'])('%s', (command) => {
    test.each([
      ['an alias of nothing', 'host: *.hunter2.example.com', 'line 1, column 7: an alias'],
      ['a tag that nothing knows', 'a: !hunter2 x', 'line 1, column 4: '],
      ['a text that begins too early', 'data:\n  password: |hunter2', 'line 2, column 14: '],
    ])('a manifest with %s is refused with its place, and not quoted', async (_, text, words) => {
      const addons = [{ name: 'web', type: 'Manifest', manifest: text }];
      const spec = { ...blueprint.spec, addons };
      const file = cli.write('manifest.yaml', { ...blueprint, spec });
      const { code, out, err } = await cli.run(`${command} -f ${file}`);
      expect([code, out + err]).toEqual([65, expect.stringContaining(`[0].manifest: ${words}`)]);
      expect(out + err).not.toContain('hunter2');
    });

    test('a file with an alias of nothing is refused with its line', async () => {
      const file = join(cli.folder, 'alias.yaml');
      writeFileSync(file, `${stringify(blueprint)}status: *.hunter2\n`);
      const { code, err } = await cli.run(`${command} -f ${file}`);
      expect([code, err]).toEqual([65, expect.stringMatching(/alias\.yaml:\d+:9: an alias/)]);
      expect(err).not.toContain('hunter2');
    });
  });

  test('a file that is not YAML is no document', async () => {
    const file = join(cli.folder, 'no.yaml');
    writeFileSync(file, `${stringify(blueprint)}  : [\n`);
    expect((await cli.run(`validate -f ${file}`, nowhere)).code).toBe(65);
  });
});

test.each([
  ['apply --dry-run --wait -f none.yaml', '--wait'],
  ['apply --timeout 2s -f none.yaml', '--wait'],
  ['retry none --timeout 2s', '--wait'],
  ['cancel none --timeout 2s', '--wait'],
  ['delete none --timeout 2s', '--wait'],
  ['status none --timeout 2s', '--watch'],
  ['status none --watch -o json', '--watch'],
  ['status none --watch -o yaml', '--watch'],
  ['status none --watch -o name', '--watch'],
])('plinth %s is an error of the command line, not ignored', async (args, names) => {
  expect(await cli.run(args)).toMatchObject({ code: 64, err: expect.stringContaining(names) });
});
