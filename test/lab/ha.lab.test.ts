import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { runsOf, startsInJournal, untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Three control planes: they join one after another, through a killed worker and a lost machine; etcd never
 * counts a member whose data is gone; one of them may be down, leave and come back. Each test goes on from the
 * one before.
 */

const NAME = 'ha';
const MACHINES = ['m1', 'm2', 'm3'] as const;

let session: LabSession;
let kubectl: Kubectl;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(MACHINES);
});

afterAll(async () => {
  await session.stop();
});

const of = (...machines: string[]): Cluster =>
  labCluster(session.lab, { name: NAME, machines, controlPlanes: machines.length });

const three = (): Cluster => of(...MACHINES);

async function ends(how: 2 | 3, seconds = 600): Promise<string> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(how);
  return status.commonStatus.reason;
}

/** Names of the voting members of etcd, by the word of the member on a machine. */
async function members(machine: string): Promise<string[]> {
  const pki = '/etc/kubernetes/pki/etcd';
  const { stdout } = await execOn(
    machine,
    `curl -fsS --cacert ${pki}/ca.crt --cert ${pki}/server.crt --key ${pki}/server.key --data '{}' https://127.0.0.1:2379/v3/cluster/member/list`,
  );
  const { members: all } = JSON.parse(stdout) as {
    members: { name?: string; isLearner?: boolean }[];
  };
  return all
    .map(({ name, isLearner }) => (isLearner ? `learner ${name ?? ''}` : (name ?? '')))
    .toSorted();
}

async function readyNodes(): Promise<string[]> {
  const text = await kubectl(['get', 'nodes', '--no-headers']);
  const rows = text
    .trim()
    .split('\n')
    .map((row) => row.split(/\s+/));
  return rows
    .filter(([, state]) => state === 'Ready')
    .map(([name = '']) => name)
    .toSorted();
}

describe('three control planes', () => {
  it('get READY though the worker is killed in a join and a machine loses its power in the next', async () => {
    expect((await session.plinth.apply(three())).status).toBe(200);
    const first = await Promise.race(
      ['m2', 'm3'].map(async (name) => {
        await untilLive(name, 'kubeadm-join-control-plane');
        return name;
      }),
    );
    const killedAt = await session.plinth.kill('worker');
    const second = first === 'm2' ? 'm3' : 'm2';
    await untilLive(second, 'kubeadm-join-control-plane');
    // In the middle of it: etcd counts the new member, the machine has not said that it is done.
    await until(`the etcd member of ${second}`, 60, async () =>
      (await members('m1')).length === 3 ? true : undefined,
    );
    await powerOff(second);
    await powerOn(second);

    await ends(2);
    const [run, ...others] = await runsOf(first, 'kubeadm-join-control-plane');
    expect(others).toEqual([]);
    expect(run?.exit).toBe(0);
    expect(killedAt).toBeGreaterThan(run?.startedAt ?? Infinity);
    expect(killedAt).toBeLessThan(run?.endedAt ?? -Infinity);
    expect(await startsInJournal('m1', 'kubeadm-init')).toBe(1);
    expect(await readyNodes()).toEqual([...MACHINES]);
    for (const name of MACHINES) expect(await members(name)).toEqual([...MACHINES]);
    const planes = await kubectl([
      'get',
      'nodes',
      '-l',
      'node-role.kubernetes.io/control-plane',
      '-o',
      'name',
    ]);
    expect(planes.trim().split('\n')).toHaveLength(3);
  });

  it('let one go down: the others answer through the endpoint of every node', async () => {
    await powerOff('m1');
    for (const name of ['m2', 'm3']) {
      const answer = await until(`the API server, asked on ${name}`, 120, () =>
        execOn(
          name,
          'kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server https://plinth-api.internal:7443 --request-timeout=5s get --raw /readyz',
        ).then(
          ({ stdout }) => (stdout.trim() === 'ok' ? stdout : undefined),
          () => undefined,
        ),
      );
      expect(answer).toContain('ok');
    }
    await powerOn('m1');
    await until('all nodes Ready', 240, async () =>
      (await readyNodes().catch(() => [])).length === 3 ? true : undefined,
    );
  });

  it('let one leave, which etcd forgets before the machine is cleaned, and one come back', async () => {
    // Two control planes are refused: they would tolerate less than one. So two leave.
    expect((await session.plinth.apply(of('m1', 'm2'))).status).toBe(400);
    expect((await session.plinth.apply(of('m1'))).status).toBe(200);
    await ends(2);
    expect(await members('m1')).toEqual(['m1']);
    expect(await readyNodes()).toEqual(['m1']);
    for (const name of ['m2', 'm3']) await expectAsFound(name);
    expect((await session.plinth.apply(three())).status).toBe(200);
    await ends(2);
    expect(await members('m1')).toEqual([...MACHINES]);
    expect(await readyNodes()).toEqual([...MACHINES]);
  });

  it('are deleted, and the machines are as they were found', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) await expectAsFound(name);
  });
});
