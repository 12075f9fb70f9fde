import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { parseStartConfig } from '../../embedded/config.js';
import { freePort } from '../../embedded/freePort.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import {
  ensurePrometheus,
  mayHavePrometheus,
  type Prometheus,
} from '../../scripts/ensurePrometheus.js';
import { clustersOf, writeSshKey } from '../api/openTestApi.js';
import { fixtureCluster, fixtureNode } from '../fixtures/cluster.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { until } from '../lab/until.js';
import { machineFacts } from '../secrets/machineFacts.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';
import type { SshServer } from '../ssh/sshServer.js';

const run = promisify(execFile);
const DEPLOY = resolve('deploy');
const RULES = join(DEPLOY, 'prometheus/plinth.rules.yml');
const CLUSTERS = clustersOf('defaultproject');
/** What Grafana makes of `$__rate_interval` at a scrape every second. */
const RATE_INTERVAL = '30s';

interface Rules {
  groups: { rules: { alert: string; expr: string }[] }[];
}
interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; datasource: { uid: string } }[];
}

const rules = (parse(await readFile(RULES, 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(await readFile(join(DEPLOY, 'grafana/plinth.json'), 'utf8')) as {
  panels: Panel[];
};
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr.replaceAll('$__rate_interval', RATE_INTERVAL)] as const),
);

let programs: Prometheus;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-prometheus-'));
  if (await mayHavePrometheus()) programs = await ensurePrometheus();
}, 10 * 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const described = (await mayHavePrometheus()) ? describe : describe.skip;

described('promtool (needs apt-get)', () => {
  const promtool = (...args: string[]) => run(programs.promtool, args);

  test('accepts the configuration and the rules', async () => {
    await promtool('check', 'config', '--syntax-only', join(DEPLOY, 'prometheus/prometheus.yml'));
    const { stdout } = await promtool('check', 'rules', RULES);
    expect(stdout).toContain(`SUCCESS: ${String(rules.length)} rules found`);
  });

  test('sees each alert fire where it should, and only there', async () => {
    await promtool('test', 'rules', join(DEPLOY, 'prometheus/plinth.rules.test.yml'));
    const cases = parse(
      await readFile(join(DEPLOY, 'prometheus/plinth.rules.test.yml'), 'utf8'),
    ) as { tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[] };
    const fired = cases.tests
      .flatMap(({ alert_rule_test: all = [] }) => all)
      .filter(({ exp_alerts: alerts }) => alerts.length > 0)
      .map(({ alertname }) => alertname);
    expect([...new Set(fired)].toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  });

  test('fails when an alert is not what its test says', async () => {
    const copy = join(folder, 'changed');
    await cp(join(DEPLOY, 'prometheus'), copy, { recursive: true });
    const text = await readFile(RULES, 'utf8');
    await writeFile(join(copy, 'plinth.rules.yml'), text.replace('> 0.05', '> 0.5'));
    await expect(
      promtool('test', 'rules', join(copy, 'plinth.rules.test.yml')),
    ).rejects.toMatchObject({ code: 1 });
  });
});

described('a Prometheus that scrapes a real run (needs apt-get)', () => {
  let plinth: Plinth;
  let machine: SshServer;
  let mirror: { url: string; server: Server };
  let process_: ChildProcess;
  let url: string;

  beforeAll(async () => {
    [machine, mirror] = await Promise.all([startScriptedMachine(obedient), startManifestMirror()]);
    const [port, worker, temporal] = await freePorts(3);
    plinth = await startProduct({ port: port!, worker: worker!, temporal: temporal! });
    const key = await viewerKey();
    const at = await freePort('127.0.0.1');
    url = `http://127.0.0.1:${String(at)}`;
    await configure({ key, api: port!, worker: worker!, temporal: temporal! });
    process_ = spawn(
      programs.prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${String(at)}`,
      ],
      { stdio: 'ignore' },
    );
    await until('three targets that are scraped', 120, async () => {
      const up = await query('count(up == 1)').catch(() => []);
      return up[0]?.value[1] === '3' ? true : undefined;
    });
    await provision();
    // Scrapes of what it left, several for rates; clusters and nodes are counted anew only after ten seconds.
    const counted =
      'sum(plinth_operations_total{outcome="succeeded",operation="ClusterCreation"}) > 0' +
      ' and on() sum(plinth_clusters{applied="ok"}) > 0 and on() sum(plinth_nodes) > 0' +
      ' and on() min(count_over_time(plinth_operations_total[1h])) > 3';
    await until('operations, clusters and nodes that are counted', 90, async () =>
      (await query(counted)).length > 0 ? true : undefined,
    );
    await new Promise((done) => setTimeout(done, 3_000));
  }, 6 * 60_000);
  afterAll(async () => {
    process_.kill('SIGTERM');
    await plinth.stop();
    await machine.close();
    mirror.server.close();
  }, 60_000);

  test.each(queries)('%s: %s', async (_title, expr) => {
    expect(await query(expr)).not.toEqual([]);
  });

  test.each(rules.map(({ alert, expr }) => [alert, expr] as const))(
    'the rule %s can be evaluated, over series that are there',
    async (_alert, expr) => {
      await query(expr);
      const names = [...new Set(expr.match(/\b(?:up|plinth_\w+)(?=[{[)\s])/g))];
      expect(names.length).toBeGreaterThan(0);
      for (const name of names)
        expect([name, (await query(name)).length > 0]).toEqual([name, true]);
    },
  );

  test('the numbers are those of the run', async () => {
    const one = async (expr: string): Promise<number> => Number((await query(expr))[0]?.value[1]);
    expect(await one('sum(max_over_time(plinth_clusters{applied="ok"}[10m]))')).toBe(1);
    expect(await one('max_over_time(plinth_nodes{status="READY"}[10m])')).toBe(1);
    expect(await one('sum(plinth_step_duration_seconds_count{step="kubeadm-init"})')).toBe(1);
    expect(await one('sum(plinth_ssh_handshakes_total)')).toBeGreaterThan(0);
    expect(await one('sum(plinth_ssh_connections)')).toBeGreaterThan(0);
    expect(
      await one(
        'plinth_http_request_duration_seconds_count{method="POST",status="200",route=~".*/clusters"}',
      ),
    ).toBe(1);
    // Of Temporal's own client in the worker.
    expect(await one('count({job="temporal",__name__=~"temporal_.*"})')).toBeGreaterThan(5);
    const labels = JSON.stringify(await query('{job=~"plinth-.*"}'));
    expect(labels).not.toContain('measured-cluster');
  });

  test('no alert fires', async () => {
    expect(await query('ALERTS{alertstate="firing"}')).toEqual([]);
  });

  test('each line of the logs says what it is about', async () => {
    const log = await readFile(join(folder, 'plinth/worker.log'), 'utf8');
    const lines = log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ step }) => step === 'kubeadm-init')).toMatchObject({
      ...{ requestId: 'request-of-the-apply', project: 'defaultproject', level: 30 },
      ...{ cluster: 'measured-cluster', operation: 'ClusterCreation', node: 'm1', outcome: 'done' },
      taskset: expect.stringMatching(/^\w{7}$/),
      attempt: 1,
    });
    const api = await readFile(join(folder, 'plinth/api.log'), 'utf8');
    const request = api.split('\n').find((line) => line.includes('"request-of-the-status"'));
    expect(JSON.parse(request ?? '{}')).toMatchObject({
      ...{ project: 'defaultproject', cluster: 'measured-cluster', status: 200 },
    });
  });

  async function startProduct(at: { port: number; worker: number; temporal: number }) {
    const data = join(folder, 'plinth');
    await mkdir(join(data, 'ssh-keys'), { recursive: true, mode: 0o700 });
    writeSshKey(join(data, 'ssh-keys/id_ed25519'));
    const settings = {
      PLINTH_DATA: data,
      PLINTH_PORT: String(at.port),
      PLINTH_METRICS: `127.0.0.1:${String(at.worker)}`,
      PLINTH_TEMPORAL_METRICS: `127.0.0.1:${String(at.temporal)}`,
      PLINTH_MASTER_KEY: randomBytes(32).toString('base64'),
      PLINTH_ARTIFACTS: mirror.url,
    };
    const env = { ...process.env, ...settings };
    return startPlinth({ config: parseStartConfig(settings), env, say: () => undefined });
  }

  /** The committed configuration, with this run's addresses and key, and a job for Temporal's metrics. */
  async function configure(of: { key: string; api: number; worker: number; temporal: number }) {
    const text = await readFile(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8');
    const file = join(folder, 'key');
    await writeFile(file, of.key, { mode: 0o600 });
    await cp(RULES, join(folder, 'plinth.rules.yml'));
    const own = text
      .replaceAll('15s', '1s')
      .replace('/etc/prometheus/plinth-api-key', file)
      .replace(':8080', `:${String(of.api)}`)
      .replace(':9464', `:${String(of.worker)}`);
    const temporal = `  - job_name: temporal\n    static_configs: [{ targets: ['127.0.0.1:${String(of.temporal)}'] }]\n`;
    await writeFile(join(folder, 'prometheus.yml'), own + temporal);
  }

  async function ask(path: string, id: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(plinth.url + path, {
      headers: {
        ...{ 'x-api-key': plinth.adminKey.key, 'x-request-id': id },
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return JSON.parse(text) as Record<string, unknown>;
  }

  async function viewerKey(): Promise<string> {
    const body = { name: 'prometheus', role: 'viewer' };
    return (await ask('/apis/system.k8smgmt.io/v3/apikeys', 'key', body))['key'] as string;
  }

  async function provision(): Promise<void> {
    const cluster = fixtureCluster(0);
    cluster.metadata = { name: 'measured-cluster', project: 'defaultproject' };
    const ssh = {
      ipAddress: '127.0.0.1',
      port: String(machine.port),
      privateKeyPath: 'id_ed25519',
    };
    cluster.spec.config.nodes = [fixtureNode(1, { roles: ['ControlPlane', 'Worker'], ssh })];
    await ask(CLUSTERS, 'request-of-the-apply', cluster);
    await until('the end of the provision', 120, async () => {
      const { status } = (await ask(
        `${CLUSTERS}/measured-cluster/status`,
        'request-of-the-status',
      )) as { status: { commonStatus: { conditionStatus: number; reason: string } } };
      const { conditionStatus, reason } = status.commonStatus;
      if (conditionStatus === 3) throw new Error(reason);
      return conditionStatus === 2 ? true : undefined;
    });
  }

  async function query(expr: string): Promise<{ value: [number, string] }[]> {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const said = (await answer.json()) as {
      status: string;
      error?: string;
      data?: { result: { value: [number, string] }[] };
    };
    if (said.status !== 'success') throw new Error(`${expr}: ${String(said.error)}`);
    return said.data?.result ?? [];
  }
});

function obedient({ step }: AskedStep): SaidStep {
  if (step === 'facts') return { results: machineFacts('m1') };
  const users = [{ name: 'admin', user: { 'client-key-data': 'a2V5' } }];
  const kubeconfig = JSON.stringify({ clusters: [{ name: 'k', cluster: {} }], users });
  return { results: { caCertHash: `sha256:${'0'.repeat(64)}`, kubeconfig } };
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await freePort('127.0.0.1');
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}
