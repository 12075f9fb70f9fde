import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { etcdMembers } from './etcdMembers.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { expectServedWithout, untilWhole } from './powerCut.js';
import { NAMESPACE } from './probe.js';
import { runsOf, startsInJournal } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * One control plane becomes three by apply. Any one of them loses its power, while somebody reads and somebody writes
 * through the endpoint of another one; no control plane leaves that etcd cannot spare; in the end the first one does,
 * like any other. Each test goes on from the one before.
 */

const NAME = 'growth';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const ENDPOINT = 'https://plinth-api.internal:7443';

let session: LabSession;
let kubectl: Kubectl;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(MACHINES);
});

afterAll(() => session.stop());

const of = (...machines: string[]): Cluster =>
  labCluster(session.lab, {
    ...{ name: NAME, machines, controlPlanes: machines.length, blueprint: 'minimal' },
  });

async function becomes(cluster: Cluster, how: 2 | 3 = 2): Promise<string> {
  expect((await session.plinth.apply(cluster)).status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, 900);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(how);
  return status.commonStatus.reason;
}

const config = (machine: string): Promise<string> =>
  execOn(machine, 'cat /etc/plinth/haproxy.cfg').then(({ stdout }) => stdout);

describe('one control plane', () => {
  it('becomes three, and the first is only told of the others', async () => {
    await becomes(of('m1'));
    expect(await etcdMembers('m1')).toEqual(['m1']);
    const restarts = await startsInJournal('m1', 'container-runtime');
    await becomes(of(...MACHINES));
    for (const name of MACHINES) {
      expect(await etcdMembers(name)).toEqual([...MACHINES]);
      for (const other of MACHINES) expect(await config(name)).toContain(`server ${other} `);
    }
    expect(await startsInJournal('m1', 'container-runtime')).toBe(restarts);
    expect((await runsOf('m1', 'kubeadm-init')).length).toBe(1);
    await kubectl(['create', 'namespace', NAMESPACE]);
  });

  it.each([
    ['m1', 'm2'],
    ['m2', 'm3'],
    ['m3', 'm1'],
  ])('of the three, %s loses its power, and reads and writes go on through %s', (lost, by) =>
    expectServedWithout({ lost, by, url: ENDPOINT, kubectl }),
  );

  it('is not taken out while etcd could not agree without it, and nothing is changed', async () => {
    await powerOff('m3');
    // As the machine that would come in its place: it is never reached.
    const cluster = of(...MACHINES);
    const nodes = cluster.spec.config.nodes.map((node) =>
      node.hostname === 'm2'
        ? {
            ...node,
            hostname: 'm4',
            privateIP: '10.77.0.14',
            ssh: { ...node.ssh, ipAddress: '10.77.0.14' },
          }
        : node,
    );
    const endpoint = await config('m1');
    const reason = await becomes(
      { ...cluster, spec: { ...cluster.spec, config: { ...cluster.spec.config, nodes } } },
      3,
    );
    process.stdout.write(`refused: ${reason}\n`);
    expect(reason).toContain('without m2 only 1 of the 2 etcd members that stay answer');
    expect(reason).toContain('m3 does not');
    expect(await etcdMembers('m1')).toEqual([...MACHINES]);
    expect(await config('m1')).toBe(endpoint);
    const m2 = await kubectl(['get', 'node', 'm2', '-o', 'jsonpath={.spec.unschedulable}']);
    expect(m2).toBe('');
    await powerOn('m3');
    await untilWhole(kubectl);
    await becomes(cluster);
  });

  it('may be the first one that leaves, and the kubeconfig is that of one that stays', async () => {
    await becomes(of('m2'));
    expect(await etcdMembers('m2')).toEqual(['m2']);
    expect((await kubectl(['get', 'nodes', '-o', 'name'])).trim()).toBe('node/m2');
    for (const name of ['m1', 'm3']) await expectAsFound(name);
  });

  it('is deleted, and the machine is as it was found', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    await expectAsFound('m2');
  });
});
