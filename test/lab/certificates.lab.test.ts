import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { renewSteps } from '../../core/steps.js';
import { SNAPSHOT_ANNOTATIONS } from '../../core/snapshotPolicy.js';
import { UPKEEP_SCHEDULE_ID } from '../../core/upkeep.js';
import { execOn } from '../../lab/lab.js';
import { stopCalling } from './callers.js';
import { labCluster } from './cluster.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { longestGap, NAMESPACE, startProbing, stopProbing } from './probe.js';
import { startServing } from './served.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Three control planes get new certificates, asked for by REST and then by the clock, under calls of a service and of
 * the API server. The clock is the schedule itself, triggered: it also takes the snapshot that is due, once.
 */

const NAME = 'certificates';
const MACHINES = ['m1', 'm2', 'm3'] as const;
/** What reads its certificates when it starts. */
const STARTED_ANEW = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const DAY_MS = 24 * 3_600_000;

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, {
    ...{ name: NAME, machines: MACHINES, blueprint: 'minimal', controlPlanes: 3 },
  });
  // None by the clock until the test says so.
  cluster.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: '0' };
  connection = await Connection.connect({ address: await session.plinth.temporalAddress() });
  client = new Client({ connection });
  // The hour may strike meanwhile: passes are the test's own.
  const schedule = client.schedule.getHandle(UPKEEP_SCHEDULE_ID);
  await until('the schedule is there', 60, () =>
    schedule.pause().then(
      () => true,
      () => undefined,
    ),
  );
}, 3_600_000);

afterAll(async () => {
  await connection.close();
  await session.stop();
});

async function ended(seconds: number): Promise<ClusterStatus> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  const { commonStatus, lastTasksets } = status;
  expect(commonStatus.conditionStatus, JSON.stringify([commonStatus, lastTasksets[0]])).toBe(2);
  return status;
}

interface Served {
  serial: string;
  /** Milliseconds since the epoch. */
  ends: number;
}

/** What the machine's own API server and etcd serve at this moment. */
async function served(machine: string): Promise<Served[]> {
  const pki = '/etc/kubernetes/pki/etcd';
  const ask = (port: number): string =>
    `openssl s_client -connect 127.0.0.1:${String(port)} -cert ${pki}/server.crt -key ${pki}/server.key </dev/null 2>/dev/null | openssl x509 -noout -serial -enddate`;
  const { code, stdout, stderr } = await execOn(machine, `${ask(6443)} && ${ask(2379)}`);
  expect(code, stderr).toBe(0);
  const values = (key: string): string[] =>
    stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
  const ends = values('notAfter');
  return values('serial').map((serial, index) => ({ serial, ends: Date.parse(ends[index] ?? '') }));
}

const servedByAll = async (): Promise<Served[]> => (await Promise.all(MACHINES.map(served))).flat();

/** Ids of the containers of these parts of the control plane on all machines. */
async function containers(parts: readonly string[]): Promise<string[]> {
  const ids = await Promise.all(
    MACHINES.map(async (name) => {
      const filters = parts.map(
        (part) =>
          `'labels."io.kubernetes.pod.name"==${part}-${name},labels."io.cri-containerd.kind"==container'`,
      );
      const { stdout } = await execOn(
        name,
        `live=$(ctr -n k8s.io tasks ls | awk '$3 == "RUNNING" { print $1 }')
        ctr -n k8s.io containers ls -q ${filters.join(' ')} | grep -xF "$live"`,
      );
      return stdout.trim().split('\n');
    }),
  );
  return ids.flat();
}

interface Node {
  hostname: string;
  steps: { name: string; startedAt: string; endedAt?: string }[];
  certificates?: { expiresAt: string; first: string; readAt: string };
}

async function nodes(): Promise<Node[]> {
  const answer = await session.plinth.request('GET', `${NAME}/nodes`);
  return ((await answer.json()) as { items: Node[] }).items;
}

async function snapshots(): Promise<{ id: string }[]> {
  const answer = await session.plinth.request('GET', `${NAME}/snapshots`);
  return ((await answer.json()) as { items: { id: string }[] }).items;
}

/** A pass of the hourly work, now, from its beginning to its end. */
async function pass(): Promise<void> {
  const handle = client.schedule.getHandle(UPKEEP_SCHEDULE_ID);
  const known = (await handle.describe()).info.numActionsTaken;
  await handle.trigger();
  const workflowId = await until('the pass begins', 60, async () => {
    const { info } = await handle.describe();
    return info.numActionsTaken > known
      ? info.recentActions.at(-1)?.action.workflow.workflowId
      : undefined;
  });
  await client.workflow.getHandle(workflowId).result();
}

/** Seconds of each step of a renewal, on each machine. */
async function stepSeconds(): Promise<Record<string, Record<string, number>>> {
  const names = renewSteps.map(({ name }) => name as string);
  return Object.fromEntries(
    (await nodes()).map(({ hostname, steps }) => [
      hostname,
      Object.fromEntries(
        steps.flatMap(({ name, startedAt, endedAt }) =>
          endedAt === undefined || !names.includes(name)
            ? []
            : [[name, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000]],
        ),
      ),
    ]),
  );
}

describe('the certificates of a cluster', () => {
  it('are known when it is READY: good for a year', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await ended(1_200);
    for (const { hostname, certificates } of await nodes()) {
      const left = Date.parse(certificates?.expiresAt ?? '') - Date.now();
      expect(left / DAY_MS, hostname).toBeGreaterThan(360);
    }
    await startServing(session.lab, kubectl, MACHINES);
    await kubectl(['create', 'namespace', NAMESPACE]);
  });

  it('are renewed by request: served anew everywhere, by parts that were started anew where they have to be, and no call of a service is lost', async () => {
    const [before, etcd, running, kubeconfig] = [
      await servedByAll(),
      await containers(['etcd']),
      await containers(STARTED_ANEW),
      await (await session.plinth.request('GET', `${NAME}/kubeconfig`)).text(),
    ];
    expect([etcd, running].map(({ length }) => length)).toEqual([3, 9]);
    const url = 'https://plinth-api.internal:7443';
    await startProbing('m1', 'renewal', url);
    const began = Date.now();
    expect((await session.plinth.request('POST', `${NAME}/certificates/renew`)).status).toBe(200);
    const status = await ended(1_200);
    process.stdout.write(`renewed in ${String(Math.round((Date.now() - began) / 1000))} s\n`);
    process.stdout.write(`seconds of steps: ${JSON.stringify(await stepSeconds())}\n`);
    const probes = await stopProbing('m1');
    expect(status.lastTasksets[0]?.tasksetOperations).toMatchObject([
      { operationName: 'CertificateRenewal', operationStatus: 'PROVISION_TASK_STATUS_SUCCESS' },
    ]);
    const after = await servedByAll();
    const known = new Set(before.map(({ serial }) => serial));
    expect(after.filter(({ serial }) => known.has(serial))).toEqual([]);
    after.forEach(({ ends }, index) => expect(ends).toBeGreaterThan(before[index]!.ends));
    const again = await containers(STARTED_ANEW);
    expect(again).toHaveLength(9);
    expect(again.filter((id) => running.includes(id))).toEqual([]);
    // It serves the new ones by itself.
    expect(await containers(['etcd'])).toEqual(etcd);
    const fresh = await (await session.plinth.request('GET', `${NAME}/kubeconfig`)).text();
    expect(fresh).not.toBe(kubeconfig);
    expect(await kubectl(['get', '--raw', '/readyz'])).toBe('ok');
    const gaps = { reads: longestGap(probes.reads), writes: longestGap(probes.writes) };
    process.stdout.write(`longest gaps of the API server: ${JSON.stringify(gaps)} s\n`);
    const calls = (await Promise.all(MACHINES.map((name) => stopCalling(name)))).flat();
    process.stdout.write(`${String(calls.length)} calls of the service\n`);
    expect(calls.length).toBeGreaterThan(100);
    expect(calls.filter(({ error }) => error !== undefined)).toEqual([]);
  });
});

describe('the hourly work', () => {
  it('takes the snapshot that is due; when certificates end the watchers have read', async () => {
    const config = '/run/lab-short.yaml';
    const { code, stderr } = await execOn(
      'm2',
      `export KUBECONFIG=/etc/kubernetes/admin.conf
      kubectl -n kube-system get configmap kubeadm-config -o 'jsonpath={.data.ClusterConfiguration}' |
        sed '/^certificateValidityPeriod:/d' >${config} &&
      printf '\\ncertificateValidityPeriod: 240h\\n' >>${config} &&
      kubeadm certs renew apiserver --config ${config} && rm ${config}`,
    );
    expect(code, stderr).toBe(0);
    cluster.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.everyHours]: '24' };
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await ended(120);
    expect(await snapshots()).toEqual([]);
    const began = Date.now();
    await pass();
    await ended(180);
    expect(await snapshots()).toMatchObject([{ id: expect.stringMatching(/^auto-/) as string }]);
    // The end of an operation has the machines asked again, one a look.
    const read = await until('all machines are asked', 240, async () => {
      const known = await nodes();
      const isNew = ({ certificates }: Node) => Date.parse(certificates?.readAt ?? '') > began;
      return known.every(isNew) ? known : undefined;
    });
    const short = read.find(({ hostname }) => hostname === 'm2')?.certificates;
    expect(short?.first).toContain('apiserver');
    expect(Math.round((Date.parse(short?.expiresAt ?? '') - Date.now()) / DAY_MS)).toBe(10);
  });

  it('renews what ends within thirty days, and takes no second snapshot within the day', async () => {
    await pass();
    const status = await ended(1_200);
    expect(status.lastTasksets[0]?.tasksetOperations).toMatchObject([
      { operationName: 'CertificateRenewal', operationStatus: 'PROVISION_TASK_STATUS_SUCCESS' },
    ]);
    for (const { ends } of await servedByAll()) {
      expect((ends - Date.now()) / DAY_MS).toBeGreaterThan(360);
    }
    expect(await snapshots()).toHaveLength(1);
  });
});
