import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { buildBundle } from '../../lab/build/bundle.js';
import { execOn } from '../../lab/lab.js';
import { HOST_DISKS, labCluster } from './cluster.js';
import { etcdMembers } from './etcdMembers.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { answeredWrites, longestGap, NAMESPACE, startProbing, stopProbing } from './probe.js';
import { runsOf } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';
import { givenUp, waitsForItself } from './waits.js';

/*
 * What has to be done to three control planes together: all of them lose their data and come back from a snapshot, the
 * others joining the first anew; then they are upgraded one after another, while the API server is read and written to.
 */

const NAME = 'upkeep';
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const MACHINES = ['m1', 'm2', 'm3'] as const;
const ENDPOINT = 'https://plinth-api.internal:7443';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;

beforeAll(async () => {
  await buildBundle({
    versions: [FROM, TO],
    log: (line) => process.stdout.write(`${line}\n`),
  });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, {
    ...{ name: NAME, machines: MACHINES, blueprint: 'minimal', controlPlanes: 3 },
  });
  cluster.spec.config.kubeletConfigurationOverrides = HOST_DISKS;
}, 3_600_000);

afterAll(() => session.stop());

async function ended(seconds: number): Promise<ClusterStatus> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  const { commonStatus, lastTasksets } = status;
  expect(commonStatus.conditionStatus, JSON.stringify([commonStatus, lastTasksets[0]])).toBe(2);
  return status;
}

const configMap = (name: string, text: string): string =>
  stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } });

async function nodesAre(version: string): Promise<void> {
  const columns = 'custom-columns=:.metadata.name,:.status.nodeInfo.kubeletVersion';
  const text = await kubectl(['get', 'nodes', '--no-headers', '-o', columns]);
  const rows = text.trim().split('\n');
  expect(rows.map((row) => row.split(/\s+/)).toSorted()).toEqual(
    MACHINES.map((name) => [name, version]),
  );
  await kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s']);
}

const membersEverywhere = () => Promise.all(MACHINES.map(etcdMembers));
const all = MACHINES.map(() => [...MACHINES]);

describe('three control planes', () => {
  it('are READY, and hold something', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await ended(900);
    expect(await membersEverywhere()).toEqual(all);
    await kubectl(['create', 'namespace', NAMESPACE]);
    await kubectl(['apply', '-f', '-'], configMap('kept', 'as it was'));
  });

  it('that have lost all of their data are READY again as the snapshot has it', async () => {
    const taken = await session.plinth.request('POST', `${NAME}/snapshots`);
    const { id: snapshot } = (await taken.json()) as { id: string };
    await ended(180);
    await kubectl(['apply', '-f', '-'], configMap('later', 'not in the snapshot'));
    for (const name of MACHINES) {
      const { code, stderr } = await execOn(
        name,
        `rm -rf /var/lib/etcd /etc/kubernetes
        for p in /proc/[0-9]*; do
          case $(cat $p/comm 2>/dev/null) in etcd | kube-apiserver | kube-controller | kube-scheduler) kill -9 \${p#/proc/} ;; esac
        done; true`,
      );
      expect(code, stderr).toBe(0);
    }
    await expect(kubectl(['get', 'nodes', '--request-timeout=5s'])).rejects.toThrow();
    const began = Date.now();
    const answer = await session.plinth.request('POST', `${NAME}/restore`, { snapshot });
    expect(answer.status, await answer.text()).toBe(200);
    const status = await ended(1200);
    process.stdout.write(`restored in ${String(Math.round((Date.now() - began) / 1000))} s\n`);
    expect(status.mks.nodes).toEqual(MACHINES.map((hostname) => ({ hostname, status: 'READY' })));
    expect(await membersEverywhere()).toEqual(all);
    const text = ['-o', 'jsonpath={.data.text}'];
    expect(await kubectl(['get', 'configmap', 'kept', ...text])).toBe('as it was');
    await expect(kubectl(['get', 'configmap', 'later', ...text])).rejects.toThrow(/NotFound/);
    await nodesAre(FROM);
  });

  it('are upgraded one after another, and the API server answers meanwhile', async () => {
    await startProbing('m3', 'upgrade', ENDPOINT);
    const next = structuredClone(cluster);
    next.spec.config.kubernetesVersion = TO;
    const began = Date.now();
    expect((await session.plinth.apply(next)).status).toBe(200);
    await ended(1800);
    process.stdout.write(`upgraded in ${String(Math.round((Date.now() - began) / 1000))} s\n`);
    const { reads, writes } = await stopProbing('m3');
    await nodesAre(TO);
    expect(await membersEverywhere()).toEqual(all);
    const turns = await Promise.all(
      MACHINES.map(async (name) => {
        const begun = (await runsOf(name, 'kubeadm-upgrade')).at(-1)?.startedAt ?? NaN;
        const ready = (await runsOf(name, 'node-ready')).at(-1)?.endedAt ?? NaN;
        return { name, begun, ready };
      }),
    );
    const inOrder = turns.toSorted((a, b) => a.begun - b.begun);
    for (const [index, turn] of inOrder.slice(1).entries()) {
      expect(turn.begun, `${turn.name} after its forerunner`).toBeGreaterThan(
        inOrder[index]!.ready,
      );
    }
    const cordoned = 'jsonpath={.items[?(@.spec.unschedulable==true)].metadata.name}';
    expect(await kubectl(['get', 'nodes', '-o', cordoned])).toBe('');
    const gaps = [longestGap(reads), longestGap(writes)];
    process.stdout.write(
      `${String(reads.length)} reads, ${String(writes.length)} writes; longest gaps ${gaps.map((gap) => gap.toFixed(1)).join(' and ')} s\n`,
    );
    for (const name of MACHINES) expect(await waitsForItself(name, began), name).toEqual([]);
    expect(await givenUp(kubectl, began)).toEqual([]);
    // Less than a kubelet waits before it says that it is lost: nobody acts upon it.
    for (const gap of gaps) expect(gap).toBeLessThan(15);
    // Nothing that was answered is lost.
    const { made, gone } = await answeredWrites(writes, kubectl);
    expect(made.length).toBeGreaterThan(100);
    expect(gone).toEqual([]);
  });

  it('are deleted', async () => {
    expect((await session.plinth.request('DELETE', NAME)).ok).toBe(true);
    await until('the cluster is gone', 300, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
  });
});
