import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';
import { expectPodsTalk } from './webPods.js';

/*
 * A cluster whose only control plane loses all of /var/lib/etcd and /etc/kubernetes comes back as its snapshot has it,
 * through a killed worker process; the other machine's pods run on meanwhile.
 */

const NAME = 'restore';
const MACHINES = ['m1', 'm2'] as const;

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
let snapshot: string;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'minimal' });
  for (const name of MACHINES) before.set(name, await snapshotMachine(name));
}, 3_600_000);

afterAll(() => session.stop());

const configMap = (name: string, text: string): string =>
  stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } });
const reasons = (status: ClusterStatus): string =>
  JSON.stringify([status.commonStatus.reason, status.lastTasksets[0]], null, 1);

/** When the oldest process of the pod's container on the machine was started; it changes with the container. */
async function podStart(machine: string): Promise<string> {
  const { stdout } = await execOn(
    machine,
    `for p in /proc/[0-9]*; do [ "$(cat $p/comm 2>/dev/null)" = web ] && stat -c %Y $p; done; true`,
  );
  return stdout.trim();
}

async function ended(seconds: number): Promise<ClusterStatus> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, reasons(status)).toBe(2);
  return status;
}

/** Its id, when it is stored. */
async function takeSnapshot(): Promise<string> {
  const answer = await session.plinth.request('POST', `${NAME}/snapshots`);
  expect(answer.status).toBe(200);
  const { id } = (await answer.json()) as { id: string };
  await ended(180);
  return id;
}

describe('a cluster that loses all of its data', () => {
  const labels = { app: 'kept' };
  let running = '';

  it('is READY, and holds something', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await ended(600);
    await expectPodsTalk(session.lab, kubectl, MACHINES);
    const deployment = stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'kept' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            nodeName: 'm2',
            containers: [
              { name: 'web', image: 'docker.io/plinth-lab/web:1', imagePullPolicy: 'Never' },
            ],
          },
        },
      },
    });
    await kubectl(['apply', '-f', '-'], `${configMap('kept', 'as it was')}---\n${deployment}`);
    await kubectl(['rollout', 'status', 'deployment/kept', '--timeout=120s']);
    await until('the pods of before are gone', 60, async () =>
      (await kubectl(['get', 'pods', '-l', 'app=web', '-o', 'name'])) === '' ? true : undefined,
    );
    running = await podStart('m2');
    expect(running).toMatch(/^\d+$/);
  });

  it('has a snapshot taken, encrypted, of which nothing stays on the machine', async () => {
    snapshot = await takeSnapshot();
    const status = await session.plinth.status(NAME);
    expect(status.lastTasksets[0]?.tasksetOperations).toMatchObject([
      { operationName: 'EtcdSnapshot', operationStatus: 'PROVISION_TASK_STATUS_SUCCESS' },
    ]);
    const list = (await (await session.plinth.request('GET', `${NAME}/snapshots`)).json()) as {
      items: { id: string; node: string; size: number; storedSize: number }[];
    };
    expect(list.items).toMatchObject([{ id: snapshot, node: 'm1' }]);
    expect(list.items[0]!.size).toBeGreaterThan(1_000_000);
    process.stdout.write(`snapshot: ${JSON.stringify(list.items[0])}\n`);
    expect((await execOn('m1', 'ls /var/lib/plinth/snapshot 2>&1')).stdout).toContain('No such');
  });

  it('keeps as many snapshots as its annotation says, the newest', async () => {
    const older = snapshot;
    const kept = { ...cluster.metadata.annotations, 'plinth.io/etcd-snapshot-keep': '1' };
    cluster.metadata.annotations = kept;
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await ended(180);
    snapshot = await takeSnapshot();
    expect(snapshot).not.toBe(older);
    const { items } = (await (await session.plinth.request('GET', `${NAME}/snapshots`)).json()) as {
      items: { id: string }[];
    };
    expect(items.map(({ id }) => id)).toEqual([snapshot]);
    const gone = await session.plinth.request('POST', `${NAME}/restore`, { snapshot: older });
    expect(gone.status).toBe(404);
  });

  it('changes after the snapshot, and loses everything', async () => {
    await kubectl(['apply', '-f', '-'], configMap('later', 'not in the snapshot'));
    await kubectl(['apply', '-f', '-'], configMap('kept', 'changed since'));
    const { code, stderr } = await execOn(
      'm1',
      `rm -rf /var/lib/etcd /etc/kubernetes
      for p in /proc/[0-9]*; do
        case $(cat $p/comm 2>/dev/null) in etcd | kube-apiserver | kube-controller | kube-scheduler) kill -9 \${p#/proc/} ;; esac
      done; true`,
    );
    expect(code, stderr).toBe(0);
    await expect(kubectl(['get', 'nodes', '--request-timeout=5s'])).rejects.toThrow();
  });

  it('is READY again as the snapshot has it, though the worker process is killed on the way', async () => {
    const began = Date.now();
    const answer = await session.plinth.request('POST', `${NAME}/restore`, { snapshot });
    expect(answer.status).toBe(200);
    await until('the data is being put in place', 240, async () => {
      const { stdout } = await execOn('m1', 'cat /var/lib/plinth/restored-from 2>/dev/null; true');
      return stdout === '' ? undefined : true;
    });
    await session.plinth.kill('worker');
    const status = await ended(600);
    process.stdout.write(`restored in ${String(Math.round((Date.now() - began) / 1000))} s\n`);
    expect(status.conditions.at(-1)).toMatchObject({ type: 'ClusterReady', status: 'True' });
    expect(status.mks.nodes).toEqual(MACHINES.map((hostname) => ({ hostname, status: 'READY' })));
    const text = ['-o', 'jsonpath={.data.text}'];
    expect(await kubectl(['get', 'configmap', 'kept', ...text])).toBe('as it was');
    await expect(kubectl(['get', 'configmap', 'later', ...text])).rejects.toThrow(/NotFound/);
  });

  it("left the other machine's pods running", async () => {
    await kubectl(['rollout', 'status', 'deployment/kept', '--timeout=120s']);
    expect(await podStart('m2')).toBe(running);
  });

  it('carries traffic between the pods of all nodes, and takes changes', async () => {
    await expectPodsTalk(session.lab, kubectl, MACHINES);
    await kubectl(['apply', '-f', '-'], configMap('later', 'after the restore'));
  });

  it('leaves its machines as they were found when it is deleted', async () => {
    expect((await session.plinth.request('DELETE', NAME)).ok).toBe(true);
    await until('the cluster is gone', 300, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) {
      const known = before.get(name);
      if (known === undefined) throw new Error(`no snapshot of ${name}`);
      const left = diffSnapshots(known, await snapshotMachine(name), EXCLUSIONS);
      expect(left.map(formatDifference), `differences on ${name}`).toEqual([]);
    }
  });
});
