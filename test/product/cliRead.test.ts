import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { testKey } from '../ssh/keys.js';
import { openCliInProcess, type CliInProcess } from './cliInProcess.js';

let cli: CliInProcess;
beforeAll(async () => {
  cli = await openCliInProcess();
});
afterAll(() => cli.close());
beforeEach(() => cli.nextProject());

async function nodesOf(id: string, statuses: readonly string[]): Promise<void> {
  const [spec] = cli.cluster('model').spec.config.nodes;
  for (const [index, status] of statuses.entries()) {
    const hostname = `m${String(index + 1)}`;
    await cli.api.deps.store.nodes.upsert(id, hostname, {
      ...{ spec: { ...spec!, hostname }, status: status as 'READY' },
      ...(status === 'FAILED'
        ? { lastError: { node: hostname, step: 'images', message: 'no space left' } }
        : {}),
    });
  }
}

describe('status', () => {
  test('-o wide shows each node with what get nodes -o wide tells of it', async () => {
    const id = await cli.apply('broad');
    await nodesOf(id, ['READY', 'FAILED']);
    const { code, out } = await cli.run('status broad -o wide');
    const lines = out.split('\n');
    const at = lines.findIndex((line) => line.includes('HOSTNAME'));
    expect([code, lines[0]]).toEqual([0, expect.stringMatching(/^broad \(\w+\) /)]);
    expect(lines[at]).toMatch(
      /^ {2}HOSTNAME +STATUS +ROLES +ADDRESS +LAST ERROR +OS +ARCH +KERNEL/,
    );
    expect(lines.slice(at + 1).filter((line) => /^ {2}m\d /.test(line))).toEqual([
      expect.stringMatching(/^ {2}m1 +READY/),
      expect.stringMatching(/^ {2}m2 +FAILED +.*images: no space left/),
      expect.stringMatching(/^ {2}m3 +PENDING/),
    ]);
    expect((await cli.run('status broad')).out).not.toContain('HOSTNAME');
  });

  test('--watch ends with every node where --all is given, and says what they failed with', async () => {
    const count = 25;
    const cluster = cli.cluster('many', ({ spec }) => {
      const [model] = spec.config.nodes;
      for (let n = spec.config.nodes.length + 1; n <= count; n += 1) {
        const privateIP = `10.8.1.${String(n)}`;
        const node = {
          ...model!,
          hostname: `m${String(n)}`,
          privateIP,
          roles: ['Worker' as const],
        };
        spec.config.nodes.push({ ...node, ssh: { ...model!.ssh, ipAddress: privateIP } });
      }
    });
    const { code, err } = await cli.run(`apply -f ${cli.write('many.yaml', cluster)}`);
    expect([code, err]).toEqual([0, expect.stringContaining('plinth status')]);
    const id = (await cli.api.deps.store.clusters.get(cli.project, 'many'))!.id;
    await nodesOf(id, ['FAILED', ...Array.from({ length: count - 1 }, () => 'READY')]);
    await cli.end('many', await cli.begin('many'), true);
    const shown = async (args: string) =>
      (await cli.run(args)).out.split('\n').filter((line) => /^ {2}m\d+ /.test(line));
    expect(await shown('status many --watch')).toEqual([
      expect.stringMatching(/^ {2}m1 +FAILED +images: no space left$/),
    ]);
    expect((await shown('status many --watch --all')).length).toBe(count);
  });

  test('-o json, yaml and name are the status itself', async () => {
    await cli.apply('forms');
    const json = JSON.parse((await cli.run('status forms -o json')).out) as { id: string };
    expect(json.id).toMatch(/^\w{7}$/);
    expect(parse((await cli.run('status forms -o yaml')).out)).toMatchObject({ id: json.id });
    expect((await cli.run('status forms -o name')).out).toBe('forms');
  });
});

describe('lists', () => {
  test('-l chooses clusters and nodes by their labels', async () => {
    const labelled = cli.cluster('prod', ({ metadata, spec }) => {
      metadata.labels = { env: 'prod' };
      spec.config.nodes[1]!.labels = { rack: 'b' };
    });
    await cli.run(`apply -f ${cli.write('prod.yaml', labelled)}`);
    await cli.apply('test');
    expect((await cli.run('get clusters -o name')).out).toBe('prod\ntest');
    expect((await cli.run('get clusters -l env=prod -o name')).out).toBe('prod');
    expect((await cli.run('get clusters -l env!=prod -o name')).out).toBe('test');
    expect((await cli.run('get clusters -l env=nowhere')).err).toContain('no cluster in project');
    expect((await cli.run('get nodes prod -l rack=b -o name')).out).toBe(
      labelled.spec.config.nodes[1]!.hostname,
    );
    expect((await cli.run('get clusters -l =')).code).toBe(65);
  });

  test('-o yaml of every list is one document with its items', async () => {
    await cli.apply('listed');
    await cli.begin('listed');
    const credential = {
      ...{ kind: 'Credential', metadata: { name: 'fleet' } },
      spec: { privateKey: testKey().privateKey },
    };
    await cli.run(`apply -f ${cli.write('fleet.yaml', credential)}`);
    for (const [list, name] of [
      ['clusters', 'listed'],
      ['nodes listed', 'm1'],
      ['tasksets listed', 'ClusterDeletion'],
      ['blueprints', 'minimal'],
      ['credentials', 'fleet'],
    ]) {
      const { code, out } = await cli.run(`get ${list!} -o yaml`);
      const { items } = parse(out) as { items: unknown[] };
      expect([code, JSON.stringify(items)]).toEqual([0, expect.stringContaining(name!)]);
      expect(out).not.toContain('PRIVATE KEY');
    }
  });
});

test('logs --taskset and --attempt choose what is told', async () => {
  const clusterId = await cli.apply('talks');
  const [older, newer] = [await cli.begin('talks'), await cli.begin('talks')];
  const write = (tasksetId: string, attempt: number, line: string) =>
    cli.api.deps.store.logs.append({
      ...{ clusterId, tasksetId, operation: 'ClusterDeletion', node: 'm1', step: 'reset' },
      ...{ attempt, offset: line.length + 1, lines: [line], at: new Date().toISOString() },
    });
  await write(older, 1, 'long ago');
  await write(newer, 1, 'once');
  await write(newer, 2, 'again');
  const of = async (options: string) => (await cli.run(`logs talks -n m1 -s reset${options}`)).out;
  const heading = (attempt: number) =>
    `==> ClusterDeletion: node m1, step reset, attempt ${String(attempt)}`;
  expect(await of('')).toBe([heading(1), 'once', heading(2), 'again'].join('\n'));
  expect(await of(` --taskset ${older}`)).toBe('long ago');
  expect(await of(' --attempt 2')).toBe('again');
  expect((await cli.run('logs talks --taskset nowhere')).code).toBe(66);
});

describe('contexts', () => {
  const own = { PLINTH_URL: '', PLINTH_API_KEY: '', PLINTH_PROJECT: '' };
  const run = (args: string, env: object = {}) =>
    cli.run(args, {
      env: { ...own, PLINTH_CONFIG: join(cli.folder, `${cli.project}.json`), ...env },
      stdin: () => cli.api.adminKey,
    });

  test('use-context changes which one commands use, PLINTH_CONTEXT goes over it, --context over that', async () => {
    for (const name of ['one', 'two', 'three']) {
      const url = name === 'one' ? cli.url : `http://${name}.example.invalid`;
      await run(
        `config set-context ${name} --url ${url} --api-key-stdin --default-project ${name}`,
      );
    }
    const current = async (env = {}, options = '') => {
      const { out, err } = await run(`config current-context${options}`, env);
      return [out, err];
    };
    expect(await current()).toEqual(['one', `server ${cli.url}, project one`]);
    expect((await run('config use-context two')).out).toBe('the current context is two');
    expect(await current()).toEqual(['two', 'server http://two.example.invalid, project two']);
    const env = { PLINTH_CONTEXT: 'one' };
    expect((await current(env))[0]).toBe('one');
    expect((await run(`get blueprints -p ${cli.project} -o name`, env)).out).toContain('minimal');
    expect((await current(env, ' --context three'))[0]).toBe('three');
    expect((await run('config use-context four')).err).toContain('there are: one, two, three');
    expect((await run('config current-context', { PLINTH_CONTEXT: 'four' })).code).toBe(78);
  });

  test('without any, current-context says what commands would use', async () => {
    const { out, err } = await run('config current-context', { PLINTH_URL: cli.url });
    expect([out, err]).toEqual(['(none)', `server ${cli.url}, project defaultproject`]);
  });

  test('set-context --ca-file keeps where the file lies, and commands read it', async () => {
    const ca = join(cli.folder, 'ca.pem');
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-subj', '/CN=plinth', '-days', '2', '-keyout', `${ca}.key`, '-out', ca],
      ],
      { stdio: 'pipe' },
    );
    await run(`config set-context tls --url ${cli.url} --api-key-stdin --ca-file ${ca}`);
    expect((await run(`get blueprints -p ${cli.project} -o name`)).code).toBe(0);
    await run(`config set-context tls --ca-file ${ca}.gone`);
    const { code, err } = await run('get blueprints');
    expect([code, err]).toEqual([78, expect.stringContaining('ca.pem.gone cannot be read')]);
  });
});

describe('completion', () => {
  const words = async (...typed: string[]) => {
    const { out } = await cli.run(['__complete', ...typed].join(' '), {
      env: { PLINTH_PROJECT: 'defaultproject' },
    });
    return out.split('\n');
  };

  test('a project behind = is the one that names come from', async () => {
    await cli.apply('inside');
    expect(await words(`--project=${cli.project}`, 'status', 'ins')).toEqual(['inside']);
    expect(await words('-p', cli.project, 'status', 'ins')).toEqual(['inside']);
    expect(await words('status', 'ins')).toEqual(['']);
  });

  test('so it is in the pieces that bash makes of it, an address with a port as well', async () => {
    await cli.apply('pieces');
    const [scheme = '', host = '', port = ''] = cli.url.split(':');
    expect(
      await words(
        ...['--server', '=', scheme, ':', host, ':', port],
        ...['--project', '=', cli.project, 'status', 'pie'],
      ),
    ).toEqual(['pieces']);
  });

  test('what can stand behind = is completed: whole words, to bash what is behind it', async () => {
    const start = cli.project.slice(0, -1);
    expect(await words(`--project=${start}`)).toContain(`--project=${cli.project}`);
    expect(await words('--project', '=', start)).toContain(cli.project);
    expect(await words('get', 'clusters', '--output', '=')).toContain('yaml');
    expect(await words('get', 'clusters', '--output=ya')).toEqual(['--output=yaml']);
  });
});

describe('version', () => {
  const asked: string[] = [];
  const answers = new Map<string, unknown>();
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked.length = 0;
    answers.clear();
  });
  const version = async () => (await cli.run(`--server ${url} version`)).out.split('\n')[1];

  test('is asked of /healthz alone', async () => {
    answers.set('/healthz', { status: 'ok', version: '9.8.7' });
    expect(await version()).toBe(`server 9.8.7 at ${url}`);
    expect(asked).toEqual(['/healthz']);
    expect((await cli.run('version')).out).toContain(`server 0.0.0 at ${cli.url}`);
  });

  test('of an older server is in its description', async () => {
    answers.set('/healthz', { status: 'ok' });
    answers.set('/openapi.json', { info: { version: '0.0.9' } });
    expect(await version()).toBe(`server 0.0.9 at ${url}`);
  });

  test.each(['<html>', {}])('of something else is none: %j', async (answer) => {
    for (const path of ['/healthz', '/openapi.json']) answers.set(path, answer);
    const { code, err } = await cli.run(`--server ${url} version`);
    expect([code, err]).toEqual([69, `plinth: ${url} is no plinth`]);
    answers.clear();
    expect((await cli.run(`--server ${url} version`)).code).toBe(69);
  });
});
