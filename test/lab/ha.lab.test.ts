import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runIdOf } from '../../activities/machineStep.js';
import type { TasksetDetails } from '../../api/views/tasksetView.js';
import type { Cluster } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { etcdIsHealthy } from './etcdMembers.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { runsOf, startsInJournal, untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Three control planes: they join one after another, through a killed worker and a lost machine; etcd never
 * counts a member whose data is gone; one of them may be down, leave and come back, and a person may stop that. Each
 * test goes on from the one before.
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

/** Both wait for their turn, and either may be the first. */
async function joinsFirst(): Promise<[first: string, second: string]> {
  const first = await Promise.race(
    ['m2', 'm3'].map(async (name) => {
      await untilLive(name, 'kubeadm-join-control-plane');
      return name;
    }),
  );
  return [first, first === 'm2' ? 'm3' : 'm2'];
}

/** By the newest taskset: when etcd had forgotten the node, and when its machine began to be cleaned. */
async function leavings(hostname: string): Promise<{ forgotten: number; reset: number }> {
  const [newest] = (await session.plinth.status(NAME)).lastTasksets;
  const tasksetId = newest?.tasksetId ?? '';
  const answer = await session.plinth.request('GET', `${NAME}/tasksets/${tasksetId}`);
  const { operations } = (await answer.json()) as TasksetDetails;
  const reset = operations
    .flatMap(({ nodes }) => nodes)
    .find((node) => node.hostname === hostname)
    ?.steps.find(({ name }) => name === 'reset');
  // A control plane that stays has done it, once for each node that leaves.
  const step = 'etcd-member-remove';
  const id = runIdOf({ tasksetId, step, subject: hostname, attempt: 1 });
  const forgotten = (await runsOf('m1', step)).find(({ runId }) => runId === id);
  expect(forgotten?.exit).toBe(0);
  return { forgotten: forgotten?.endedAt ?? NaN, reset: Date.parse(reset?.unitStartedAt ?? '') };
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
    const [first, second] = await joinsFirst();
    const killedAt = await session.plinth.kill('worker');
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

  it('let one leave, which etcd forgets before the machine is cleaned', async () => {
    // Two control planes are refused: they would tolerate less than one. So two leave.
    expect((await session.plinth.apply(of('m1', 'm2'))).status).toBe(400);
    expect((await session.plinth.apply(of('m1'))).status).toBe(200);
    await ends(2);
    expect(await members('m1')).toEqual(['m1']);
    expect(await readyNodes()).toEqual(['m1']);
    for (const name of ['m2', 'm3']) {
      await expectAsFound(name);
      const { forgotten, reset } = await leavings(name);
      expect(reset, name).toBeGreaterThan(forgotten);
    }
  });

  it('have one that joins finish when a person cancels, nobody after it, and go on by a retry', async () => {
    expect((await session.plinth.apply(three())).status).toBe(200);
    const [first, second] = await joinsFirst();
    // In the middle of it: cut off here, the member would be counted and never start.
    await until(`the etcd member of ${first}`, 60, async () =>
      (await members('m1')).length === 2 ? true : undefined,
    );
    const cancelledAt = Date.now();
    expect((await session.plinth.request('POST', `${NAME}/cancel`)).status).toBe(200);
    const reason = await ends(3);
    process.stdout.write(`cancelled: ${reason}\n`);
    expect(reason).toMatch(
      new RegExp(`^cancelled by request: .*node ${first}, step kubeadm-join-control-plane`),
    );
    const [run, ...others] = await runsOf(first, 'kubeadm-join-control-plane');
    expect(others).toEqual([]);
    expect(run?.exit).toBe(0);
    expect(run?.startedAt).toBeLessThan(cancelledAt);
    expect(run?.endedAt).toBeGreaterThan(cancelledAt);
    expect(await runsOf(second, 'kubeadm-join-control-plane')).toEqual([]);

    const two = ['m1', first];
    for (const name of two) {
      expect(await members(name)).toEqual(two);
      expect(await etcdIsHealthy(name)).toBe(true);
    }
    const { stdout } = await execOn(first, 'curl -fsSk https://127.0.0.1:6443/readyz');
    expect(stdout).toBe('ok');
    const uid = (): Promise<string> =>
      kubectl(['get', 'node', first, '-o', 'jsonpath={.metadata.uid}']);
    const joined = await uid();

    expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
    await ends(2);
    expect(await uid()).toBe(joined);
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
