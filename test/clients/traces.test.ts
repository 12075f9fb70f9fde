import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { clusterWorkflowId } from '../../core/clusterWorkflow.js';
import { parseStartConfig } from '../../embedded/config.js';
import { freePort } from '../../embedded/freePort.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { ensureCollector, mayHaveCollector } from '../../scripts/ensureCollector.js';
import { clustersOf, writeSshKey } from '../api/openTestApi.js';
import { startCollector, type Collector, type ReceivedSpan } from '../collector/collector.js';
import { fixtureCluster, fixtureNode } from '../fixtures/cluster.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { machineFacts } from '../secrets/machineFacts.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';
import type { SshServer } from '../ssh/sshServer.js';

const PROJECT = 'defaultproject';
const CLUSTERS = clustersOf(PROJECT);
const SECRET = `planted-${randomBytes(12).toString('hex')}`;
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** As the programs that called it would send: each request in a trace of theirs. */
const apply = { traceId: hex(16), spanId: hex(8), requestId: 'request-of-the-apply' };
const retry = { traceId: hex(16), spanId: hex(8), requestId: 'request-of-the-retry' };

const described = mayHaveCollector() ? describe : describe.skip;

/*
 * The product as `npm start` runs it sends to a real collector: one provision that fails, and the retry that succeeds.
 * Nothing is sent before both are over and the processes are stopped, so that what arrives was flushed by them.
 */
described('what a collector receives of a run (needs Linux on x64)', () => {
  let folder: string;
  let collector: Collector;
  let machine: SshServer;
  let mirror: Server;
  let plinth: Plinth;
  let spans: ReceivedSpan[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plinth-traces-'));
    const program = await ensureCollector();
    const artifacts = await startManifestMirror();
    mirror = artifacts.server;
    [collector, machine] = await Promise.all([
      startCollector(program, folder),
      startScriptedMachine(failingOnce()),
    ]);
    plinth = await startProduct(artifacts.url);
    try {
      await provision();
    } finally {
      await plinth.stop();
      await collector.stop();
    }
    spans = await collector.spans();
  }, 10 * 60_000);
  afterAll(async () => {
    await machine.close();
    mirror.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** From the root of the trace to this span, by name; the caller's own span is not among them. */
  function chainOf(span: ReceivedSpan): ReceivedSpan[] {
    const parent = spans.find(
      ({ traceId, spanId }) => traceId === span.traceId && spanId === span.parentSpanId,
    );
    return parent === undefined ? [span] : [...chainOf(parent), span];
  }

  function one(traceId: string, name: string): ReceivedSpan {
    const found = spans.filter((span) => span.traceId === traceId && span.name === name);
    expect(found.map((span) => span.name)).toEqual([name]);
    return found[0]!;
  }

  test.each([
    ['apply', apply, `POST ${routeOf('/clusters')}`],
    ['retry', retry, `POST ${routeOf('/clusters/:name/retry')}`],
  ])('the trace of the %s leads from its request to each step that it caused', (_, by, request) => {
    const step = one(by.traceId, 'step kubeadm-init');
    const chain = chainOf(step);
    expect(chain.map(({ name }) => name)).toEqual([
      ...[request, 'SignalWithStartWorkflow:cluster', 'taskset'],
      ...['operation ClusterCreation', 'node', 'step kubeadm-init'],
    ]);
    expect(chain[0]!.parentSpanId).toBe(by.spanId);
    expect(chain.map(({ service }) => service)).toEqual([
      ...['plinth-api', 'plinth-api', 'plinth-worker'],
      ...['plinth-worker', 'plinth-worker', 'plinth-worker'],
    ]);
    // Each span lies in its parent, but for those that what began them does not wait for.
    for (const [index, span] of chain.slice(3).entries()) {
      const parent = chain[index + 2]!;
      expect(span.start).toBeGreaterThanOrEqual(parent.start - 1);
      expect(span.end).toBeLessThanOrEqual(parent.end + 1);
    }
  });

  test('spans say what they are about', () => {
    const [request, , taskset, operation, node, step] = chainOf(
      one(retry.traceId, 'step kubeadm-init'),
    );
    expect(request!.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': routeOf('/clusters/:name/retry'),
      'http.response.status_code': '200',
      'plinth.project': PROJECT,
      'plinth.cluster': 'traced-cluster',
      'plinth.request_id': retry.requestId,
    });
    const about = { 'plinth.project': PROJECT, 'plinth.cluster': 'traced-cluster' };
    expect(taskset!.attributes).toMatchObject({
      ...about,
      'plinth.taskset': expect.stringMatching(/^\w{7}$/),
    });
    const id = taskset!.attributes['plinth.taskset'];
    const inTaskset = { ...about, 'plinth.taskset': id, 'plinth.operation': 'ClusterCreation' };
    expect(operation!.attributes).toMatchObject(inTaskset);
    expect(node!.attributes).toMatchObject({ ...inTaskset, 'plinth.node': 'm1' });
    expect(step!.attributes).toMatchObject({
      ...inTaskset,
      ...{ 'plinth.node': 'm1', 'plinth.step': 'kubeadm-init', 'plinth.attempt': '1' },
      ...{ 'plinth.outcome': 'done', 'plinth.request_id': retry.requestId },
    });
  });

  test('a step that failed is marked up to its taskset, and only there', () => {
    const failed = (traceId: string): string[] =>
      spans.filter((span) => span.traceId === traceId && span.failed).map(({ name }) => name);
    expect(failed(apply.traceId).toSorted()).toEqual([
      ...['node', 'operation ClusterCreation', 'step kubeadm-init', 'taskset'],
    ]);
    expect(failed(retry.traceId)).toEqual([]);
    const step = one(apply.traceId, 'step kubeadm-init');
    expect(step.attributes).toMatchObject({
      'error.type': 'StepFailed',
      'plinth.outcome': 'failed',
    });
    expect(step.events).toEqual([
      {
        name: 'exception',
        attributes: {
          'exception.type': 'StepFailed',
          'exception.message': expect.stringMatching(/^".+" failed$/),
        },
      },
    ]);
  });

  test('each taskset is in the trace of its own request, and nothing else is', () => {
    const tasksets = spans.filter(({ name }) => name === 'taskset');
    expect(tasksets.map(({ traceId }) => traceId)).toEqual([apply.traceId, retry.traceId]);
    const ids = new Set(tasksets.map(({ attributes }) => attributes['plinth.taskset']));
    for (const [index, { traceId }] of [apply, retry].entries()) {
      const named = spans.filter((span) => span.traceId === traceId);
      const said = named.flatMap(({ attributes }) => attributes['plinth.taskset'] ?? []);
      expect(new Set(said)).toEqual(new Set([[...ids][index]]));
    }
    // Probes of the API are in no trace.
    expect(spans.filter(({ name }) => /readyz|healthz|metrics/.test(name))).toEqual([]);
  });

  test('no secret is in it: neither what was sent, nor what a machine was given or said', async () => {
    const text = await collector.text();
    expect(text).toContain('kubeadm-init');
    const key = await readFile(join(folder, 'plinth/ssh-keys/id_ed25519'), 'utf8');
    const lines = key.split('\n').filter((line) => line.length > 40);
    expect(lines.length).toBeGreaterThan(2);
    for (const secret of [SECRET, plinth.adminKey.key, ...lines])
      expect(text).not.toContain(secret);
  });

  test("lines of both processes' logs name their span", async () => {
    const step = one(apply.traceId, 'step kubeadm-init');
    expect(await lineOf('worker', ({ step: of }) => of === 'kubeadm-init')).toMatchObject({
      ...{ trace_id: apply.traceId, span_id: step.spanId, requestId: apply.requestId },
      ...{ cluster: 'traced-cluster', node: 'm1', outcome: 'failed' },
      taskset: step.attributes['plinth.taskset'],
    });
    // Writes of the store have no span of their own: theirs is the workflow's.
    const node = one(apply.traceId, 'node');
    expect(await lineOf('worker', ({ activity }) => activity === 'failNode')).toMatchObject({
      ...{ trace_id: apply.traceId, span_id: node.spanId },
    });
    const request = one(apply.traceId, `POST ${routeOf('/clusters')}`);
    expect(await lineOf('api', ({ requestId }) => requestId === apply.requestId)).toMatchObject({
      ...{ trace_id: apply.traceId, span_id: request.spanId },
      ...{ project: PROJECT, status: 200 },
    });
  });

  async function lineOf(
    process: string,
    wanted: (line: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown> | undefined> {
    const log = await readFile(join(folder, `plinth/${process}.log`), 'utf8');
    const lines = log.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(wanted);
  }

  async function startProduct(artifacts: string): Promise<Plinth> {
    const data = join(folder, 'plinth');
    await mkdir(join(data, 'ssh-keys'), { recursive: true, mode: 0o700 });
    writeSshKey(join(data, 'ssh-keys/id_ed25519'));
    const settings = {
      PLINTH_DATA: data,
      PLINTH_PORT: String(await freePort('127.0.0.1')),
      PLINTH_MASTER_KEY: randomBytes(32).toString('base64'),
      PLINTH_ARTIFACTS: artifacts,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    };
    const env = { ...process.env, ...settings };
    return startPlinth({ config: parseStartConfig(settings), env, say: () => undefined });
  }

  async function provision(): Promise<void> {
    const cluster = fixtureCluster(0);
    cluster.metadata = { name: 'traced-cluster', project: PROJECT, description: SECRET };
    const ssh = {
      ipAddress: '127.0.0.1',
      port: String(machine.port),
      privateKeyPath: 'id_ed25519',
    };
    cluster.spec.config.nodes = [fixtureNode(1, { roles: ['ControlPlane', 'Worker'], ssh })];
    const connection = await Connection.connect({ address: plinth.temporalAddress });
    try {
      const workflow = new Client({ connection }).workflow.getHandle(
        clusterWorkflowId(PROJECT, 'traced-cluster'),
      );
      await post(`${CLUSTERS}?token=${SECRET}`, apply, cluster);
      await workflow.result();
      expect(await conditionStatus()).toBe(3);
      await post(`${CLUSTERS}/traced-cluster/retry`, retry, {});
      await workflow.result();
      expect(await conditionStatus()).toBe(2);
    } finally {
      await connection.close();
    }
  }

  async function post(path: string, by: typeof apply, body: unknown): Promise<void> {
    const answer = await fetch(plinth.url + path, {
      method: 'POST',
      headers: {
        ...{ 'x-api-key': plinth.adminKey.key, 'content-type': 'application/json' },
        ...{ 'x-request-id': by.requestId, traceparent: `00-${by.traceId}-${by.spanId}-01` },
      },
      body: JSON.stringify(body),
    });
    expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([200, '']);
  }

  async function conditionStatus(): Promise<number> {
    const answer = await fetch(`${plinth.url}${CLUSTERS}/traced-cluster/status`, {
      headers: { 'x-api-key': plinth.adminKey.key },
    });
    const { status } = (await answer.json()) as {
      status: { commonStatus: { conditionStatus: number } };
    };
    return status.commonStatus.conditionStatus;
  }
});

function routeOf(path: string): string {
  return `/apis/infra.k8smgmt.io/v3/projects/:project${path}`;
}

/** It prints what it is given, and a secret, and its first initialisation fails. */
function failingOnce() {
  let inits = 0;
  return ({ step, params }: AskedStep): SaidStep => {
    if (step === 'facts') return { results: machineFacts('m1') };
    const output = [params, SECRET];
    if (step === 'kubeadm-init' && ++inits === 1) {
      return { outcome: 'failed', output, command: `kubeadm --token ${SECRET}`, hint: SECRET };
    }
    const users = [{ name: 'admin', user: { 'client-key-data': SECRET } }];
    const kubeconfig = JSON.stringify({ clusters: [{ name: 'k', cluster: {} }], users });
    return { output, results: { caCertHash: `sha256:${'0'.repeat(64)}`, kubeconfig } };
  };
}
