import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildBundle } from '../../lab/build/bundle.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import type { Cluster } from '../../core/cluster.js';
import { stopCalling, type Call } from './callers.js';
import { HOST_DISKS, labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { runIds, runsOf, touchesSince, untilLive } from './runs.js';
import { removeServed, startServing } from './served.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';
import { waitsForItself } from './waits.js';
import { expectPodsTalk } from './webPods.js';

/*
 * One minor further, machine by machine, under calls: it stops where it is cancelled and at the machine that fails, is
 * retried from there, and loses no request.
 */

const NAME = 'upgrade';
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const MACHINES = ['m1', 'm2', 'm3'] as const;
const BROKEN = '/etc/systemd/system/kubelet.service.d/99-broken.conf';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  await buildBundle({
    versions: [FROM, TO],
    log: (line) => process.stdout.write(`${line}\n`),
  });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'minimal' });
  cluster.spec.config.kubeletConfigurationOverrides = HOST_DISKS;
  for (const name of MACHINES) before.set(name, await snapshotMachine(name));
}, 3_600_000);

afterAll(() => session.stop());

const withVersion = (kubernetesVersion: string): Cluster => ({
  ...cluster,
  spec: { ...cluster.spec, config: { ...cluster.spec.config, kubernetesVersion } },
});

async function versions(): Promise<Record<string, string>> {
  const columns = 'custom-columns=:.metadata.name,:.status.nodeInfo.kubeletVersion';
  const words = (await kubectl(['get', 'nodes', '--no-headers', '-o', columns]))
    .trim()
    .split(/\s+/);
  return Object.fromEntries(
    Array.from({ length: words.length / 2 }, (_, index) => [
      words[2 * index],
      words[2 * index + 1],
    ]),
  ) as Record<string, string>;
}

async function cordoned(): Promise<string> {
  const path = '{.items[?(@.spec.unschedulable==true)].metadata.name}';
  return kubectl(['get', 'nodes', '-o', `jsonpath=${path}`]);
}

describe('an upgrade by one minor', () => {
  const calls: Call[] = [];
  let initialised = 0;
  /** When it was asked for: milliseconds. */
  let began = 0;

  it('begins with a cluster that serves', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    await startServing(session.lab, kubectl, MACHINES);
    initialised = (await runsOf('m1', 'kubeadm-init')).length;
  });

  it('refuses a downgrade', async () => {
    const response = await session.plinth.apply(withVersion('v1.34.3'));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('cannot be downgraded');
  });

  it('lets the control plane finish when it is cancelled there, says so, and leaves every node schedulable', async () => {
    began = Date.now();
    expect((await session.plinth.apply(withVersion(TO))).status).toBe(200);
    await untilLive('m1', 'kubeadm-upgrade', 600);
    const cancelledAt = Date.now();
    expect((await session.plinth.request('POST', `${NAME}/cancel`)).status).toBe(200);
    const { commonStatus } = await session.plinth.untilEnded(NAME, 600);
    process.stdout.write(`cancelled: ${commonStatus.reason}\n`);
    expect(commonStatus.conditionStatus).toBe(3);
    // What it was at has ended: it stopped before the next step.
    expect(commonStatus.reason).toMatch(
      /^cancelled by request: .*node m1, step upgrade-drain: stopped by request before it began/,
    );
    const [run, ...others] = await runsOf('m1', 'kubeadm-upgrade');
    expect(others).toEqual([]);
    expect(run?.exit).toBe(0);
    expect(run?.startedAt).toBeLessThan(cancelledAt);
    expect(run?.endedAt).toBeGreaterThan(cancelledAt);
    expect(await versions()).toEqual({ m1: FROM, m2: FROM, m3: FROM });
    expect(await cordoned()).toBe('');
  });

  it('goes on by a retry, stops at the machine that fails, says why, and leaves it schedulable', async () => {
    const dropIn = `printf '[Service]\\nExecStartPre=/bin/false\\n' >${BROKEN}; systemctl daemon-reload`;
    expect((await execOn('m3', dropIn)).code).toBe(0);
    expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 1500);
    expect(await waitsForItself('m1', began)).toEqual([]);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(3);
    expect(status.commonStatus.reason).toContain('m3');
    expect(status.commonStatus.reason).toContain('systemctl restart kubelet');
    expect(status.lastTasksets[0]?.tasksetOperations[0]?.operationName).toBe('ClusterUpgrade');
    // Workers go as they come: the other one may have been before it, or is not begun.
    expect(await versions()).toMatchObject({ m1: TO, m3: FROM });
    expect(await cordoned()).toBe('');
  });

  it('goes on where it stopped when it is retried, and leaves what is done', async () => {
    const upgradesOf = async (name: string): Promise<number> =>
      (await runsOf(name, 'kubeadm-upgrade')).length;
    const done = await upgradesOf('m1');
    expect((await execOn('m3', `rm -f ${BROKEN}; systemctl daemon-reload`)).code).toBe(0);
    expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 900);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    expect(await versions()).toEqual({ m1: TO, m2: TO, m3: TO });
    expect(await cordoned()).toBe('');
    expect(await upgradesOf('m1')).toBe(done);
    expect((await runsOf('m1', 'kubeadm-init')).length).toBe(initialised);
  });

  it('lost no request', async () => {
    for (const name of MACHINES) calls.push(...(await stopCalling(name)));
    const lost = calls.filter(({ error }) => error !== undefined);
    process.stdout.write(`${String(calls.length)} calls, ${String(lost.length)} lost\n`);
    expect(calls.length).toBeGreaterThan(1000);
    expect(lost).toEqual([]);
  });

  it('runs the new version everywhere, and pods still talk', async () => {
    const raw = JSON.parse(await kubectl(['get', '--raw', '/version'])) as { gitVersion: string };
    expect(raw.gitVersion).toBe(TO);
    const config = ['-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'yaml'];
    expect(await kubectl(config)).toContain(`kubernetesVersion: ${TO}`);
    const pods = ['-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=kube-proxy'];
    const images = await kubectl([...pods, '-o', 'jsonpath={.items[*].spec.containers[0].image}']);
    expect(images.split(' ').every((image) => image.endsWith(TO))).toBe(true);
    await removeServed(kubectl);
    await expectPodsTalk(session.lab, kubectl, MACHINES);
  });

  it('left a snapshot of etcd on the first control plane, of before its upgrade and for root only', async () => {
    const [snapshot] = await runsOf('m1', 'etcd-snapshot');
    const [upgrade] = await runsOf('m1', 'kubeadm-upgrade');
    expect(snapshot?.exit).toBe(0);
    expect(snapshot?.endedAt).toBeLessThan(upgrade?.startedAt ?? -Infinity);
    const list = 'stat -c "%a %s" /var/lib/plinth/etcd-snapshots/before-*.db';
    const { stdout } = await execOn('m1', list);
    const [mode, size] = stdout.trim().split(' ');
    expect(mode).toBe('600');
    expect(Number(size)).toBeGreaterThan(100_000);
  });

  it('is nothing when it is applied again', async () => {
    const had = await Promise.all(MACHINES.map(runIds));
    const again = Date.now();
    expect((await session.plinth.apply(withVersion(TO))).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 60);
    expect(status.commonStatus.conditionStatus).toBe(2);
    // Facts, and what else leaves no run behind, would come after the answer.
    await delay(5_000);
    for (const [index, name] of MACHINES.entries()) {
      expect(await touchesSince(name, again), name).toEqual([]);
      expect(await runIds(name)).toEqual(had[index]);
      // Of the upgrade its journal tells.
      expect((await touchesSince(name, began)).length).toBeGreaterThan(10);
    }
  });

  it('is deleted, and the machines are as they were found', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) {
      const left = diffSnapshots(before.get(name)!, await snapshotMachine(name), EXCLUSIONS);
      expect(left.map(formatDifference), `differences on ${name}`).toEqual([]);
    }
  });
});
