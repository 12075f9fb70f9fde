import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { startBalancer, type Balancer } from './balancer.js';
import { labCluster } from './cluster.js';
import { etcdMembers } from './etcdMembers.js';
import { EXCLUSIONS } from './exclusions.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { expectServedWithout } from './powerCut.js';
import { NAMESPACE } from './probe.js';
import { runsOf } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Control planes behind a load balancer that the spec names. It forwards to nobody before it has seen an API server
 * healthy, which takes it a while; nothing of ours is in its place on the machines.
 */

const NAME = 'balanced';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const [HOST, PORT, LB] = ['10.77.0.1', 6443, 'lb.lab.internal'] as const;

let session: LabSession;
let balancer: Balancer;
let kubectl: Kubectl;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  const addresses = session.lab.machines.map(({ ip }) => ip);
  balancer = await startBalancer({ host: HOST, port: PORT }, addresses);
  const plain = hostKubectl({ ...session, cluster: NAME });
  // This computer does not know the name; what it verifies is that the certificate has it.
  kubectl = (words, stdin) =>
    plain(
      ['--server', `https://${HOST}:${String(PORT)}`, '--tls-server-name', LB, ...words],
      stdin,
    );
}, 300_000);

afterAll(async () => {
  await session.stop();
  await balancer.stop();
});

function cluster(): Cluster {
  const of = labCluster(session.lab, {
    ...{ name: NAME, machines: MACHINES, controlPlanes: 3, blueprint: 'minimal' },
  });
  of.spec.config.network.controlPlaneEndpoint = LB;
  return of;
}

async function ends(how: 2 | 3): Promise<string> {
  const status = await session.plinth.untilEnded(NAME, 900);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(how);
  return status.commonStatus.reason;
}

describe('a load balancer that the spec names', () => {
  it('has to be known to every machine: before that nothing is changed', async () => {
    expect((await session.plinth.apply(cluster())).status).toBe(200);
    const reason = await ends(3);
    expect(reason).toContain('nothing was changed');
    for (const name of MACHINES) {
      expect(reason).toContain(
        `node ${name}: control-plane-endpoint: found ${LB} does not resolve`,
      );
    }
  });

  it('is waited for until it forwards to the first control plane', async () => {
    for (const name of MACHINES) {
      await execOn(name, `echo '${HOST} ${LB}' >>/etc/hosts`);
      before.set(name, await snapshotMachine(name));
    }
    expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
    await until('somebody is told what is missing', 300, async () => {
      const { stdout } = await execOn(
        'm1',
        "cat /var/lib/plinth/runs/*-kubeadm-init-*/out 2>/dev/null | grep -m 1 'waiting for the load balancer' || true",
      );
      return stdout === '' ? undefined : stdout;
    });
    balancer.forward();
    await ends(2);
    expect((await runsOf('m1', 'kubeadm-init')).map(({ exit }) => exit)).toEqual([0]);
    expect(await etcdMembers('m1')).toEqual([...MACHINES]);
  });

  it('is where nodes, pods and people call, and nothing of ours is in its place', async () => {
    for (const name of MACHINES) {
      const { stdout } = await execOn(
        name,
        'systemctl is-active plinth-api-endpoint; ls /etc/plinth/haproxy.cfg; grep -c plinth-api /etc/hosts; true',
      );
      expect(stdout.trim().split('\n')).toEqual(['inactive', '0']);
    }
    const text = await (await session.plinth.request('GET', `${NAME}/kubeconfig`)).text();
    const { clusters } = parse(text) as { clusters: { cluster: Record<string, string> }[] };
    expect(clusters[0]?.cluster['server']).toBe(`https://${LB}:${String(PORT)}`);
    expect(clusters[0]?.cluster).not.toHaveProperty('tls-server-name');
    const info = ['-n', 'kube-public', 'get', 'configmap', 'cluster-info', '-o', 'yaml'];
    expect(await kubectl(info)).toContain(`server: https://${LB}:${String(PORT)}`);
    expect([...balancer.passed.keys()]).toHaveLength(3);
    const nodes = await kubectl(['get', 'nodes', '--no-headers']);
    expect(nodes.match(/ Ready /g)).toHaveLength(3);
    await kubectl(['create', 'namespace', NAMESPACE]);
  });

  it('cannot become another one', async () => {
    const other = cluster();
    other.spec.config.network.controlPlaneEndpoint = 'lb2.lab.internal';
    const response = await session.plinth.apply(other);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('delete the cluster and create it anew');
    const same = cluster();
    same.spec.config.network.controlPlaneEndpoint = `${LB}:6443`;
    expect((await session.plinth.apply(same)).status).toBe(200);
    await ends(2);
  });

  it.each([
    ['m1', 'm2'],
    ['m2', 'm3'],
    ['m3', 'm1'],
  ])(
    'goes on when %s loses its power: reads and writes of %s pass through it',
    async (lost, by) => {
      const url = `https://${LB}:${String(PORT)}`;
      await expectServedWithout({ lost, by, url, kubectl });
    },
  );

  it('is left alone when the cluster is deleted, and the machines are as they were found', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
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
