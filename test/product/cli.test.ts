import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import type { StepName } from '../../core/steps.js';
import {
  CommonConditionStatus,
  OperationName,
  OperationStatus,
  TasksetStatus,
} from '../../core/words.js';
import { writeSshKey } from '../api/openTestApi.js';
import { fixtureCluster } from '../fixtures/cluster.js';
import { startRunningApi, type RunningApi } from './runningApi.js';
import {
  follow,
  plinthOnTerminal,
  runPlinth,
  startPlinth,
  PLINTH,
  type Said,
} from './runPlinth.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

let api: RunningApi;
let project: string;
let folder: string;
beforeAll(async () => {
  api = await startRunningApi();
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  project = await api.project();
  folder = mkdtempSync(join(tmpdir(), 'plinth-cli-'));
  return () => rmSync(folder, { recursive: true });
});

const env = () => ({
  ...{ HOME: folder, PLINTH_URL: api.url, PLINTH_API_KEY: api.adminKey, PLINTH_PROJECT: project },
});
const plinth = (args: string, more: { input?: string; env?: object } = {}): Promise<Said> =>
  runPlinth(args.split(' '), {
    env: { ...env(), ...more.env },
    cwd: folder,
    ...(more.input === undefined ? {} : { input: more.input }),
  });
const onTerminal = (args: string, type = '', more: object = {}) =>
  plinthOnTerminal(args.split(' '), { env: { ...env(), ...more }, type });

/** The shell's `"$0" "$@"` is plinth with these arguments; it stands in the folder. */
const shellOnTerminal = (shell: string, args: string, type = '') =>
  plinthOnTerminal(args.split(' '), { env: env(), type, shell: `cd "$HOME"; ${shell}` }).ended;

let machines = 0;

/** A file with a Cluster that no other test has machines of. */
function writeCluster(name: string, change: (cluster: Cluster) => void = () => undefined): string {
  const cluster = fixtureCluster();
  cluster.metadata = { name, project };
  for (const node of cluster.spec.config.nodes) {
    machines += 1;
    node.privateIP = `10.9.${String(machines >> 8)}.${String(machines & 255)}`;
    delete node.ssh?.ipAddress;
  }
  change(cluster);
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(cluster));
  return file;
}

async function applied(name: string): Promise<string> {
  const { code, err } = await plinth(`apply -f ${writeCluster(name)}`);
  expect([code, err]).toEqual([0, `plinth status ${name} --watch shows how it goes\n`]);
  return (await api.store.clusters.get(project, name))!.id;
}

let tasksets = 0;

/** What a worker would write: a deletion's first step under way on each of these nodes. */
async function begin(clusterId: string, hostnames: string[]): Promise<string> {
  const nodes = hostnames.map((hostname) => ({ hostname, path: 'clean' as const }));
  tasksets += 1;
  const { id } = await api.store.tasksets.begin({
    ...{ id: `cli${String(tasksets).padStart(4, '0')}`, clusterId, generation: 1 },
    ...{ status: TasksetStatus.InProgress, comments: 'Configuration is being applied' },
    operations: [
      {
        ...{ name: OperationName.ClusterDeletion, resourceName: 'demo', workflowId: 'w' },
        ...{ status: OperationStatus.InProgress, nodes: hostnames },
      },
    ],
    plan: [
      {
        name: OperationName.ClusterDeletion,
        reason: 'asked for',
        leave: [],
        clusterSteps: [],
        nodes,
      },
    ],
  });
  for (const hostname of hostnames) await step(clusterId, id, hostname, 'running');
  return id;
}

async function step(
  clusterId: string,
  tasksetId: string,
  hostname: string,
  state: 'running' | 'done' | 'failed',
  name: StepName = 'reset',
) {
  const failure = {
    ...{ node: hostname, step: name, message: 'a mount is busy', exitCode: 32 },
    ...{ command: 'umount /var/lib/kubelet', lastLines: ['umount: target is busy'] },
    hint: 'end what uses it',
  };
  await api.store.nodes.setStep(clusterId, hostname, name, {
    ...{ state, tasksetId, operation: OperationName.ClusterDeletion, attempt: 1 },
    startedAt: 1_000,
    ...(state === 'running' ? {} : { endedAt: 3_000 }),
    ...(state === 'failed' ? { failure } : {}),
  });
}

async function end(clusterId: string, tasksetId: string, well: boolean): Promise<void> {
  const status = well ? OperationStatus.Success : OperationStatus.Failed;
  await api.store.tasksets.setOperation(tasksetId, 0, { status });
  await api.store.tasksets.end(
    tasksetId,
    well ? TasksetStatus.Complete : TasksetStatus.Failed,
    'done',
  );
  await api.store.clusters.setCommonStatus(clusterId, {
    ...{ conditionStatus: well ? CommonConditionStatus.Ok : CommonConditionStatus.Failed },
    ...{
      reason: well ? 'clusterOperation is applied' : 'reset failed on m1',
      sequence: 1,
      generation: 1,
    },
  });
}

async function nodesOf(clusterId: string, count: number): Promise<string[]> {
  const [spec] = fixtureCluster().spec.config.nodes;
  const hostnames = Array.from({ length: count }, (_, n) => `m${String(n + 1)}`);
  for (const hostname of hostnames) {
    await api.store.nodes.upsert(clusterId, hostname, {
      ...{ spec: { ...spec!, hostname }, status: 'PROVISIONING' },
    });
  }
  return hostnames;
}

describe('lists', () => {
  test('get clusters is a table, with what is asked for', async () => {
    await applied('alpha');
    await applied('beta');
    const { out, code } = await plinth('get clusters');
    const rows = out.trimEnd().split('\n');
    expect([code, rows[0]]).toEqual([0, 'NAME   STATUS   KUBERNETES  NODES  BLUEPRINT  AGE']);
    expect(rows[1]).toMatch(/^alpha {2}WORKING {2}v1\.34\.4 +0\/3 {4}\w+ +\d+s$/);
    expect((await plinth('get clusters --no-headers --name b*')).out).toMatch(/^beta {2}WORKING/);
    expect((await plinth('get clusters -o name')).out).toBe('alpha\nbeta\n');
    expect((await plinth('get clusters -o wide')).out).toContain('REASON');
    const { items } = JSON.parse((await plinth('get clusters -o json')).out) as {
      items: Cluster[];
    };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['alpha', 'beta']);
    expect((await plinth('get clusters -A')).out).toMatch(new RegExp(`^${project} +alpha`, 'm'));
    expect((await plinth('get clusters --status failed')).err).toContain('no cluster');
  });

  test('people get a page and are told of the rest, programs get all', async () => {
    await applied('a');
    await applied('b');
    const one = await plinth('get clusters --limit 1');
    expect(one.out.trimEnd().split('\n')).toHaveLength(2);
    expect(one.err).toMatch(/^1 of 2 clusters; --all shows every one/);
    expect((await plinth('get clusters --limit 1 -o name')).err).toContain('1 of 2');
  });

  test('get cluster gives what can be applied again', async () => {
    await applied('again');
    const { out } = await plinth('get cluster again');
    expect((parse(out) as Cluster).metadata).toMatchObject({ name: 'again', project });
    const again = await plinth('apply -f -', { input: out });
    expect([again.code, again.out]).toEqual([
      0,
      `cluster again is submitted to project ${project}\n`,
    ]);
    expect((await plinth('get cluster again -o table')).out).toMatch(/^again/m);
  });

  test('get nodes, tasksets, blueprints, credentials', async () => {
    const id = await applied('things');
    await nodesOf(id, 1);
    const taskset = await begin(id, ['m1']);
    const nodes = await plinth('get nodes things');
    expect(nodes.out).toMatch(/^HOSTNAME +STATUS +ROLES +ADDRESS +LAST ERROR\n/);
    expect(nodes.out).toMatch(/^m1 +PROVISIONING/m);
    expect((await plinth('get nodes things --status provisioning -o name')).out).toBe('m1\n');
    const listed = await plinth('get tasksets things');
    expect(listed.out).toMatch(new RegExp(`^${taskset}  INPROGRESS +\\d+s +ClusterDeletion$`, 'm'));
    expect((await plinth('get blueprints')).out).toMatch(/^minimal +built in/m);
    expect((await plinth('get credentials')).err).toBe(`no credentials in project ${project}\n`);
  });
});

describe('apply', () => {
  test('uploads a key that lies beside the file, once, and says so', async () => {
    const key = join(folder, 'id_fleet');
    writeSshKey(key);
    const file = writeCluster('keyed', ({ spec }) => {
      for (const node of spec.config.nodes) node.ssh = { ...node.ssh, privateKeyPath: 'id_fleet' };
    });
    const first = await plinth(`apply -f ${file}`);
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^key \S+\/id_fleet is uploaded as credential id-fleet-\w{8} of/);
    const { desired } = (await api.store.clusters.get(project, 'keyed'))!;
    expect(desired.spec.config.nodes[0]?.ssh?.privateKeyPath).toBe(key);
    const [credential] = (await api.store.credentials.list(project, { limit: 9 })).items;
    expect(credential).toMatchObject({ privateKeyPath: key, keyType: 'ssh-ed25519' });
    const second = await plinth(`apply -f ${file}`);
    expect(second.out).toMatch(/^key \S+ is credential \S+ of project \S+ already\n/);
    expect((await plinth('get credentials')).out).toContain(key);
  });

  test('a Cluster that is not valid is refused with lines, and its key stays here', async () => {
    writeSshKey(join(folder, 'id_fleet'));
    const file = writeCluster('wrong', ({ spec }) => {
      spec.config.ssh = { privateKeyPath: 'id_fleet' };
      spec.config.network.podSubnet = 'nope';
    });
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('nope'));
    const { code, err, out } = await plinth(`apply -f ${file}`);
    expect([code, out]).toEqual([65, '']);
    expect(err).toContain(`${file}:${String(line + 1)}:`);
    expect(err).toContain('spec.config.network.podSubnet: "nope" is not an IPv4 range');
    expect((await api.store.credentials.list(project, { limit: 9 })).items).toEqual([]);
  });

  test('what only the server knows is told with the line as well', async () => {
    const file = writeCluster('foreign', ({ spec }) => {
      spec.blueprint = { name: 'nowhere' };
    });
    const { code, err } = await plinth(`apply -f ${file}`);
    expect(code).toBe(65);
    expect(err).toMatch(
      /foreign\.yaml:\d+:\d+ spec\.blueprint\.name: project \S+ has no blueprint/,
    );
  });

  test('several documents come in the order in which they need each other', async () => {
    const cluster = readFileSync(
      writeCluster('many', ({ spec }) => {
        spec.blueprint = { name: 'own' };
      }),
      'utf8',
    );
    const blueprint = {
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'Blueprint', metadata: { name: 'own' } },
      spec: { base: { name: 'minimal' }, addons: [] },
    };
    const { out, err } = await plinth('apply -f -', {
      input: `${cluster}---\n${stringify(blueprint)}`,
    });
    expect([out, err]).toEqual([
      `blueprint own is applied to project ${project}\ncluster many is submitted to project ${project}\n`,
      'plinth status many --watch shows how it goes\n',
    ]);
  });
});

describe('progress', () => {
  test('in a pipe: plain lines, each step once, then how the cluster stands', async () => {
    const id = await applied('demo');
    const hostnames = await nodesOf(id, 2);
    const taskset = await begin(id, hostnames);
    const watching = plinth('status demo --watch');
    for (const hostname of hostnames) await step(id, taskset, hostname, 'done');
    await end(id, taskset, true);
    const { code, out, err } = await watching;
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('\u001B');
    expect(out.split('\n').slice(0, 4)).toEqual([
      'ClusterDeletion: asked for',
      '==> [1/3] Stop and remove Kubernetes',
      '    m1  2.0 s',
      '    m2  2.0 s',
    ]);
    expect(out).toMatch(/^demo \(\w+\) READY: clusterOperation is applied$/m);
  });

  test('on a terminal: colours and a moving line; with NO_COLOR the line and no colour', async () => {
    const id = await applied('tty');
    const hostnames = await nodesOf(id, 1);
    const taskset = await begin(id, hostnames);
    const [coloured, plain] = [
      onTerminal('status tty --watch'),
      onTerminal('status tty --watch', '', { NO_COLOR: '1' }),
    ];
    const moving = '[1/3] Stop and remove Kubernetes: m1';
    await Promise.all([coloured.sees(moving), plain.sees(moving)]);
    await step(id, taskset, 'm1', 'done');
    await end(id, taskset, true);
    const [{ out: screen, code }, noColour] = await Promise.all([coloured.ended, plain.ended]);
    expect(code).toBe(0);
    expect(screen).toContain('\u001B[1m==> [1/3] Stop and remove Kubernetes\u001B[0m');
    const seen = stripVTControlCharacters(screen);
    expect(seen).toMatch(/⠋ \[1\/3\] Stop and remove Kubernetes: m1/);
    expect(noColour.out).not.toContain('\u001B[0m');
    expect(noColour.out).not.toContain('\u001B[1m');
    expect(noColour.out).toContain('⠋ [1/3] Stop and remove Kubernetes: m1');
  });

  test('a failure ends with 1 and tells what to do', async () => {
    const id = await applied('broken');
    const [m1 = ''] = await nodesOf(id, 1);
    const taskset = await begin(id, [m1]);
    await step(id, taskset, m1, 'failed');
    await end(id, taskset, false);
    const { code, out, err } = await plinth('status broken --watch');
    expect(code).toBe(1);
    expect(out).toContain('    m1  FAILED after 2.0 s\n      m1: a mount is busy\n');
    expect(out).toContain('      what to do: end what uses it\n');
    expect(err).toBe('plinth: reset failed on m1\n');
  });

  test('Ctrl-C ends the watching, says that the operation goes on, and exits with 130', async () => {
    const id = await applied('going');
    const [m1 = ''] = await nodesOf(id, 1);
    const taskset = await begin(id, [m1]);
    await step(id, taskset, m1, 'done');
    const child = startPlinth(['status', 'going', '--watch'], { env: env() });
    const watching = follow(child);
    await watching.sees('==> [1/3]');
    child.kill('SIGINT');
    const { code, err } = await watching.ended;
    expect(code).toBe(130);
    expect(err).toContain('the operation on cluster going goes on');
    expect(err).toContain('plinth status going --watch');
    expect((await api.store.tasksets.latest(id, 1))[0]?.status).toBe(TasksetStatus.InProgress);
  });

  test('--timeout does the same and exits with 124', async () => {
    const id = await applied('slow');
    await begin(id, await nodesOf(id, 1));
    const { code, err } = await plinth('status slow --watch --timeout 2s');
    expect([code, err.split('\n')[0]]).toEqual([
      ...[124, 'plinth: stopped watching after 2.0 s; the operation on cluster slow goes on'],
    ]);
  });
});

test('the status of 1,000 nodes is a screen: counts, those that failed and those that are busy', async () => {
  const id = await applied('huge');
  const { desired } = (await api.store.clusters.get(project, 'huge'))!;
  const [template] = desired.spec.config.nodes;
  const nodes = Array.from({ length: 1_000 }, (_, n) => ({
    ...template!,
    ...{
      hostname: `n${String(n).padStart(4, '0')}`,
      privateIP: `10.8.${String(n >> 8)}.${String(n & 255)}`,
    },
  }));
  desired.spec.config.nodes = nodes;
  await api.store.clusters.apply({ project, name: 'huge', desired, secretsHash: '' });
  await Promise.all(
    nodes.map((spec, n) =>
      api.store.nodes.upsert(id, spec.hostname, {
        ...{ spec, status: n === 500 ? 'FAILED' : n === 700 ? 'PROVISIONING' : 'READY' },
        ...(n === 500
          ? { lastError: { node: spec.hostname, step: 'images', message: 'no space left' } }
          : {}),
      }),
    ),
  );
  const { out } = await plinth('status huge');
  const lines = out.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(24);
  const nodesAt = lines.findIndex((line) => line.includes('1000 nodes'));
  expect(lines.slice(nodesAt, nodesAt + 3)).toEqual([
    '  1000 nodes: 1 FAILED, 1 PROVISIONING, 998 READY',
    '  n0500  FAILED        images: no space left',
    '  n0700  PROVISIONING',
  ]);
  expect((await plinth('status huge --all')).out.trimEnd().split('\n').length).toBeGreaterThan(
    1_000,
  );
});

describe('logs', () => {
  const write = (clusterId: string, tasksetId: string, lines: string[], offset: number) =>
    api.store.logs.append({
      ...{ clusterId, tasksetId, operation: 'ClusterDeletion', node: 'm1', step: 'reset' },
      ...{ attempt: 1, offset, lines, at: new Date().toISOString() },
    });

  test('of one step are its output; -f goes on until the taskset has ended', async () => {
    const id = await applied('talks');
    await nodesOf(id, 1);
    const taskset = await begin(id, ['m1']);
    await write(id, taskset, ['one', 'two'], 8);
    expect((await plinth('logs talks --node m1 --step reset')).out).toBe('one\ntwo\n');
    expect((await plinth('logs talks --grep TW')).out).toBe('two\n');
    const matching = follow(startPlinth(['logs', 'talks', '-f', '--grep', 'TH'], { env: env() }));
    const following = follow(startPlinth(['logs', 'talks', '-f'], { env: env() }));
    await following.sees('m1 reset | two');
    await write(id, taskset, ['three'], 14);
    await step(id, taskset, 'm1', 'done');
    await end(id, taskset, true);
    const { code, out } = await following.ended;
    expect([code, out]).toEqual([0, 'm1 reset | one\nm1 reset | two\nm1 reset | three\n']);
    expect((await matching.ended).out).toBe('m1 reset | three\n');
  });
});

describe('changes', () => {
  test('retry, cancel and delete are asked for', async () => {
    const id = await applied('ask');
    expect((await plinth('cancel ask')).out).toBe('cluster ask is about to stop\n');
    const taskset = await begin(id, []);
    await end(id, taskset, false);
    expect((await plinth('retry ask')).out).toBe('cluster ask is submitted again\n');
    expect((await plinth('delete ask')).out).toBe('cluster ask is being deleted\n');
    expect((await api.store.clusters.get(project, 'ask'))?.deleting).toBe(true);
  });

  test('at a terminal a deletion asks for the name', async () => {
    await applied('precious');
    const wrong = await onTerminal('delete precious', 'prec').ended;
    expect(wrong.code).toBe(64);
    expect(wrong.out).toContain(`This deletes cluster precious of project ${project}`);
    expect((await api.store.clusters.get(project, 'precious'))?.deleting).toBe(false);
    const none = await onTerminal('delete precious', '\x04').ended;
    expect([none.code, none.out]).toEqual([
      64,
      expect.stringContaining('nothing was deleted: that is not precious'),
    ]);
    expect((await api.store.clusters.get(project, 'precious'))?.deleting).toBe(false);
    expect((await onTerminal('delete precious', 'precious').ended).code).toBe(0);
    expect((await api.store.clusters.get(project, 'precious'))?.deleting).toBe(true);
  });

  test('a deletion asks on the terminal itself where standard error is a file', async () => {
    await applied('redirected');
    const wrong = await shellOnTerminal('"$0" "$@" 2>err.log', 'delete redirected', 'red');
    expect([wrong.code, wrong.out]).toEqual([
      64,
      expect.stringContaining(`This deletes cluster redirected of project ${project}`),
    ]);
    expect((await api.store.clusters.get(project, 'redirected'))?.deleting).toBe(false);
    const right = await shellOnTerminal('"$0" "$@" 2>err.log', 'delete redirected', 'redirected');
    expect(right.code).toBe(0);
    expect((await api.store.clusters.get(project, 'redirected'))?.deleting).toBe(true);
  });

  test('a deletion is refused where there is no terminal to ask on but that of standard input', async () => {
    await applied('unasked');
    const of = (more: string) =>
      shellOnTerminal(`setsid --wait "$0" "$@" ${more}2>err.log`, 'delete unasked');
    expect((await of('')).code).toBe(64);
    expect(readFileSync(join(folder, 'err.log'), 'utf8')).toContain(
      '--yes deletes cluster unasked',
    );
    expect((await api.store.clusters.get(project, 'unasked'))?.deleting).toBe(false);
    expect((await of('--yes ')).code).toBe(0);
    expect((await api.store.clusters.get(project, 'unasked'))?.deleting).toBe(true);
  });

  test('installer-cmds alone on standard output; approve says what is missing', async () => {
    const byInstaller = writeCluster('machines', ({ spec }) => {
      delete spec.config.ssh;
      spec.config.nodes = [{ hostname: 'w1', roles: ['ControlPlane', 'Worker'] } as never];
    });
    expect((await plinth(`apply -f ${byInstaller}`)).code).toBe(0);
    const { out, err } = await plinth('installer-cmds machines');
    expect(out).toMatch(/plinthi_/);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(/^good until/);
    const approve = await plinth('approve machines w1');
    expect([approve.code, approve.err]).toEqual([
      75,
      'plinth: w1 has not registered yet: run the command that `plinth installer-cmds machines` gives on it\n',
    ]);
    expect((await plinth('installer-cmds machines --revoke')).out).toContain('revoked');
  });

  test('accept-host-key shows what it is about and wants a yes', async () => {
    const id = await applied('moved');
    await nodesOf(id, 1);
    const [old, fresh] = [`SHA256:${'a'.repeat(43)}`, `SHA256:${'b'.repeat(43)}`];
    await api.store.hostKeys.pin({
      ...{ clusterId: id, hostname: 'm1', key: 'one', fingerprint: old, source: 'first-use' },
    });
    await api.store.hostKeys.notePending(id, 'm1', 'two', fresh);
    const piped = await plinth('accept-host-key moved m1');
    expect(piped.code).toBe(64);
    expect(piped.err).toContain(fresh);
    const asked = await onTerminal('accept-host-key moved m1', 'yes').ended;
    expect([asked.code, asked.out.includes(`trusted is ${old}`)]).toEqual([0, true]);
    expect((await plinth('accept-host-key moved m1')).code).toBe(75);
  });

  test('kubeconfig says when there is none yet, and which options go together', async () => {
    await applied('kube');
    const missing = await plinth('kubeconfig kube --merge');
    expect([missing.code, missing.err]).toEqual([66, expect.stringContaining('no kubeconfig yet')]);
    expect((await plinth('kubeconfig kube --use')).code).toBe(64);
  });
});

describe('validate and diff', () => {
  test('validate needs no server and tells every problem with its place', async () => {
    const file = writeCluster('check', ({ spec }) => {
      spec.config.network.podSubnet = 'nope';
      (spec.config as unknown as Record<string, unknown>)['kubernetesVersio'] = 'v1';
    });
    const nowhere = { PLINTH_URL: 'http://127.0.0.1:1', PLINTH_API_KEY: '' };
    const { code, err } = await plinth(`validate -f ${file}`, { env: nowhere });
    expect([code, err.split('\n')[0]]).toEqual([65, `plinth: ${file}: 2 problems`]);
    expect(err).toMatch(
      /check\.yaml:\d+:\d+ spec\.config\.kubernetesVersio: unknown field; did you/,
    );
    const right = await plinth(`validate -f ${writeCluster('right')}`, { env: nowhere });
    expect([right.code, right.out, right.err]).toEqual([0, 'cluster right is valid\n', '']);
  });

  test('diff is empty after an apply, and 1 with a unified diff of what would change', async () => {
    const file = writeCluster('differs');
    const made = await plinth(`diff -f ${file}`);
    expect([made.code, made.out.split('\n')[0]]).toEqual([1, '--- /dev/null']);
    await plinth(`apply -f ${file}`);
    expect(await plinth(`diff -f ${file}`)).toEqual({ code: 0, out: '', err: '' });
    const cluster = parse(readFileSync(file, 'utf8')) as Cluster;
    cluster.spec.config.nodes.reverse();
    cluster.metadata.labels = { env: 'prod' };
    writeFileSync(file, stringify(cluster));
    const { code, out } = await plinth(`diff -f ${file}`);
    expect(code).toBe(1);
    expect(out.split('\n').filter((line) => /^[+-](?![+-])/.test(line))).toEqual([
      ...['+  labels:', '+    env: prod'],
    ]);
  });
});

describe('which server', () => {
  test('a context has server, project and key; the environment goes over it', async () => {
    const own = { PLINTH_URL: '', PLINTH_API_KEY: '', PLINTH_PROJECT: '' };
    await applied('there');
    const made = await plinth(
      `config set-context lab --url ${api.url} --api-key-stdin --default-project ${project}`,
      { env: own, input: api.adminKey },
    );
    expect(made.out).toBe(`context lab is ${api.url}, and the current one\n`);
    const config = join(folder, '.config', 'plinth');
    const key = join(config, 'keys', 'lab');
    expect(
      [config, key, join(config, 'config.json')].map((path) => statSync(path).mode & 0o777),
    ).toEqual([0o700, 0o600, 0o600]);
    expect((await plinth('get clusters -o name', { env: own })).out).toBe('there\n');
    expect((await plinth('config get-contexts', { env: own })).out).toMatch(/^\* +lab/m);
    const wrong = await plinth('get clusters', { env: { ...own, PLINTH_API_KEY: 'plinth_no' } });
    expect(wrong.code).toBe(77);
    chmodSync(key, 0o644);
    const open = await plinth('get clusters', { env: own });
    expect([open.code, open.err]).toEqual([78, expect.stringContaining('chmod 600')]);
    expect((await plinth('config delete-context lab', { env: own })).code).toBe(0);
    expect(readdirSync(join(config, 'keys'))).toEqual([]);
  });

  test("a context's key goes to no other server", async () => {
    const own = { PLINTH_URL: '', PLINTH_API_KEY: '' };
    await plinth(`config set-context lab --url ${api.url} --api-key-stdin`, {
      env: own,
      input: api.adminKey,
    });
    const { code, err } = await plinth('--server http://plinth.example.invalid get clusters', {
      env: own,
    });
    expect([code, err]).toEqual([
      ...[77, expect.stringContaining('no API key for http://plinth.example.invalid')],
    ]);
  });
});

describe('exit codes', () => {
  test.each<[string, number, object?]>([
    ['version --client', 0],
    ['bogus', 64],
    ['get clusters --limit none', 64],
    ['apply -f nowhere.yaml', 66],
    ['status nowhere', 66],
    ['get clusters', 69, { PLINTH_URL: 'http://127.0.0.1:1' }],
    ['get clusters', 77, { PLINTH_API_KEY: 'plinth_wrong' }],
    ['get clusters --context nowhere', 78],
    ['config set-context x --url http://x', 73, { PLINTH_CONFIG: '/dev/null/config.json' }],
  ])('plinth %s: %i', async (args, code, more = {}) => {
    expect((await plinth(args, { env: more })).code).toBe(code);
  });
});

describe('completion', () => {
  test('words, options, choices and names', async () => {
    await applied('complete-me');
    const words = async (...typed: string[]) =>
      (await runPlinth(['__complete', ...typed], { env: env() })).out.trimEnd().split('\n');
    expect(await words('sta')).toEqual(['status']);
    expect(await words('get', '')).toContain('clusters');
    expect(await words('get', 'clusters', '-o', '')).toEqual([
      ...['table', 'wide', 'json', 'yaml', 'name'],
    ]);
    expect(await words('status', 'comp')).toEqual(['complete-me']);
    expect(await words('status', 'complete-me', '--wa')).toEqual(['--watch']);
    expect(await words('-p', project.slice(0, 4))).toContain(project);
  });

  test('the bash script is valid and completes for real', async () => {
    await applied('tabbed');
    const { out } = await plinth('completion bash');
    const script = join(folder, 'plinth.bash');
    writeFileSync(script, out);
    const run = promisify(execFile);
    await run('bash', ['-n', script]);
    writeFileSync(
      join(folder, 'plinth'),
      `#!/bin/sh\nexec '${process.execPath}' '${PLINTH}' "$@"\n`,
      { mode: 0o755 },
    );
    const typed = `. '${script}'; COMP_WORDS=(plinth status ta); COMP_CWORD=2; _plinth; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const path = `${folder}:${process.env['PATH'] ?? ''}`;
    const { stdout } = await run('bash', ['--norc', '-c', typed], {
      env: { ...env(), PATH: path },
    });
    expect(stdout).toBe('tabbed\n');
  });
});

test('version says both', async () => {
  const { out } = await plinth('version');
  expect(out).toMatch(/^plinth \d+\.\d+\.\d+\nserver \d+\.\d+\.\d+ at http/);
});
