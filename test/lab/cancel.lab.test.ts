import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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
import { runsOf, untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * A person stops what runs: it ends at the next safe point, takes back what it had half done on that node, says where
 * it stopped, and goes on from there when it is retried. A deletion does not wait for anything.
 */

const NAME = 'cancelled';
const MACHINES = ['m1', 'm2'] as const;
/** A kubelet that takes half a minute to start: kubeadm waits for it. */
const SLOW = '/run/systemd/system/kubelet.service.d';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'minimal' });
  for (const name of MACHINES) before.set(name, await snapshotMachine(name));
}, 3_600_000);

afterAll(() => session.stop());

async function cancel(): Promise<ClusterStatus> {
  expect((await session.plinth.request('POST', `${NAME}/cancel`)).status).toBe(200);
  return session.plinth.untilEnded(NAME, 120);
}

async function retry(): Promise<void> {
  expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
}

/** What makes a machine a node, and what runs on it. */
async function partsOfANode(name: string): Promise<string> {
  const parts = '/etc/kubernetes/*.conf /etc/kubernetes/manifests/* /etc/kubernetes/pki/*';
  const { stdout } = await execOn(
    name,
    `ls -d ${parts} 2>/dev/null; ctr -n k8s.io tasks ls -q; systemctl is-active -q kubelet && echo kubelet; true`,
  );
  return stdout.trim();
}

/** The first control plane's node and its containers: others, were it initialised again. */
async function controlPlane(): Promise<string> {
  const node = await kubectl(['get', 'node', 'm1', '-o', 'jsonpath={.metadata.uid}']);
  const pods = ['-n', 'kube-system', 'get', 'pods', '-l', 'tier=control-plane', '-o'];
  const path = '{.items[*].status.containerStatuses[*].containerID}';
  return `${node} ${await kubectl([...pods, `jsonpath=${path}`])}`;
}

describe('an operation that is cancelled', () => {
  it('stops in the middle of kubeadm init, takes it back, and says where it stopped', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await untilLive('m1', 'kubeadm-init');
    const status = await cancel();
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(3);
    expect(status.commonStatus.reason).toMatch(/cancelled by request: node m1, step kubeadm-init/);
    expect(status.lastTasksets[0]?.tasksetStatus).toBe('PROVISION_TASKSET_STATUS_FAILED');
    expect(await partsOfANode('m1')).toBe('');
    expect((await session.plinth.request('POST', `${NAME}/cancel`)).status).toBe(409);
  });

  it('stops in the middle of a join, and the nodes that have joined stay', async () => {
    const slow = `mkdir -p ${SLOW}; printf '[Service]\\nExecStartPre=/bin/sleep 40\\n' >${SLOW}/99-slow.conf; systemctl daemon-reload`;
    expect((await execOn('m2', slow)).code).toBe(0);
    await retry();
    await untilLive('m2', 'kubeadm-join');
    const status = await cancel();
    expect((await execOn('m2', `rm -rf ${SLOW}; systemctl daemon-reload`)).code).toBe(0);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(3);
    expect(status.commonStatus.reason).toMatch(
      /cancelled by request: .*node m2, step kubeadm-join/,
    );
    expect(await partsOfANode('m2')).toBe('');
    expect(await kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/m1\n');
    const [, second, ...more] = await runsOf('m1', 'kubeadm-init');
    expect(second?.exit).toBe(0);
    expect(more).toEqual([]);
  });

  it('goes on from there when it is retried', async () => {
    const had = await controlPlane();
    await retry();
    const status = await session.plinth.untilEnded(NAME, 400);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    expect(status.mks.nodes).toEqual(MACHINES.map((hostname) => ({ hostname, status: 'READY' })));
    // What is done is verified, not done again.
    expect(await controlPlane()).toBe(had);
  });
});

describe('a deletion', () => {
  it('stops what runs, from a half-joined state too, and leaves the machines as they were found', async () => {
    const alone = { ...cluster, spec: { ...cluster.spec, config: { ...cluster.spec.config } } };
    alone.spec.config.nodes = cluster.spec.config.nodes.filter(({ hostname }) => hostname === 'm1');
    expect((await session.plinth.apply(alone)).status).toBe(200);
    expect((await session.plinth.untilEnded(NAME, 200)).commonStatus.conditionStatus).toBe(2);
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await untilLive('m2', 'kubeadm-join');
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
