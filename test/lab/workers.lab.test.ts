import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TasksetDetails } from '../../api/views/tasksetView.js';
import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { buildBundle } from '../../lab/build/bundle.js';
import { HOST_DISKS, labCluster } from './cluster.js';
import { machinesFound } from './found.js';
import { attachVolume, detachVolume, holdPodOn, loosenBudget, removeHeld } from './held.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { kubeletPid, runIds, startsInJournal, stepsOf } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Workers are replaced, held by a disruption budget until its time is up, and upgraded some at a time. Each test goes on
 * from the one before.
 */

const NAME = 'workers';
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const MACHINES = ['m1', 'm2', 'm3', 'm4'] as const;
/** So long a drain honours a budget here. */
const DRAIN_MINUTES = 2;
const DRAIN_SECONDS = DRAIN_MINUTES * 60;
/** A drain that is waited for, or a whole upgrade, on a busy computer. */
const LONG = { timeout: 30 * 60_000 };

let session: LabSession;
let kubectl: Kubectl;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  await buildBundle({
    versions: [FROM, TO],
    log: (line) => process.stdout.write(`${line}\n`),
  });
  session = await openLabSession(MACHINES, {
    settings: async () => ({ PLINTH_DRAIN_MINUTES: String(DRAIN_MINUTES) }),
  });
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(MACHINES);
}, 3_600_000);

afterAll(() => session.stop());

function of(...machines: string[]): Cluster {
  const cluster = labCluster(session.lab, { name: NAME, machines, blueprint: 'minimal' });
  cluster.spec.config.kubeletConfigurationOverrides = HOST_DISKS;
  cluster.spec.config.kubernetesUpgrade = {
    strategy: 'concurrent',
    // Of three it is two: shares are rounded down.
    params: { workerConcurrency: '67%' },
  };
  return cluster;
}

async function ends(how: 2 | 3, seconds: number): Promise<ClusterStatus> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(how);
  return status;
}

async function becomes(cluster: Cluster, seconds = 600): Promise<ClusterStatus> {
  const answer = await session.plinth.apply(cluster);
  expect(answer.status, await answer.text()).toBe(200);
  return ends(2, seconds);
}

/** The newest taskset with the steps of its nodes. */
async function newest({ lastTasksets }: ClusterStatus): Promise<TasksetDetails> {
  const id = lastTasksets[0]?.tasksetId ?? '';
  return (await (
    await session.plinth.request('GET', `${NAME}/tasksets/${id}`)
  ).json()) as TasksetDetails;
}

async function drainLog(): Promise<string> {
  const { lastTasksets } = await session.plinth.status(NAME);
  const path = `${NAME}/tasksets/${lastTasksets[0]?.tasksetId ?? ''}/logs?step=drain`;
  return (await session.plinth.request('GET', path)).text();
}

/** Name, state with what kubectl adds to it, and version of all nodes. */
async function nodes(): Promise<string[]> {
  const rows = (await kubectl(['get', 'nodes', '--no-headers'])).trim().split('\n');
  return rows
    .map((row) => {
      const [name = '', state = '', , , version = ''] = row.split(/\s+/);
      return `${name} ${state} ${version}`;
    })
    .toSorted();
}

const ready = (version: string, ...machines: string[]): string[] =>
  machines.map((name) => `${name} Ready ${version}`);

describe('workers', () => {
  it('are two at first', async () => {
    await becomes(of('m1', 'm2', 'm3'));
    expect(await nodes()).toEqual(ready(FROM, 'm1', 'm2', 'm3'));
  });

  it('are replaced in one apply: the old one is as it was found, the others are not touched', async () => {
    const [m1, m2] = [await runIds('m1'), await runIds('m2')];
    const started = await startsInJournal('m2');
    expect(started).toBeGreaterThan(10);
    const pids = await Promise.all(['m1', 'm2'].map(kubeletPid));

    await attachVolume('m3', kubectl);
    expect((await session.plinth.apply(of('m1', 'm2', 'm4'))).status).toBe(200);
    await until('the drain waits for the volume', 120, async () =>
      (await drainLog()).includes('waiting for volumes to be detached: held-volume')
        ? true
        : undefined,
    );
    await delay(5_000);
    expect(await nodes()).toContain(`m3 Ready,SchedulingDisabled ${FROM}`);
    await detachVolume(kubectl);
    const taskset = await newest(await ends(2, 600));

    expect(taskset.operations.map(({ name }) => name)).toEqual(['NodeRemoval', 'NodeAddition']);
    expect(await nodes()).toEqual(ready(FROM, 'm1', 'm2', 'm4'));
    await expectAsFound('m3');
    expect([await runIds('m2'), await startsInJournal('m2')]).toEqual([m2, started]);
    expect(await Promise.all(['m1', 'm2'].map(kubeletPid))).toEqual(pids);
    const through = (await runIds('m1')).filter((run) => !m1.includes(run));
    expect(stepsOf(through)).toEqual([
      'check-in',
      'drain',
      'join-token',
      'node-delete',
      'node-metadata',
    ]);
  });

  it(
    'that a budget keeps stay when its time is up, and leave by a retry once it lets go',
    LONG,
    async () => {
      const pod = await holdPodOn('m4', kubectl);
      expect((await session.plinth.apply(of('m1', 'm2'))).status).toBe(200);
      const failed = await ends(3, DRAIN_SECONDS + 120);

      process.stdout.write(`held: ${failed.commonStatus.reason}\n`);
      expect(failed.commonStatus.reason).toContain(
        `the node m4 cannot be drained: a disruption budget keeps default/${pod} (budget default/held)`,
      );
      const [removal] = (await newest(failed)).operations;
      const drain = removal?.nodes
        .flatMap(({ steps }) => steps)
        .find(({ name }) => name === 'drain');
      expect(drain?.state).toBe('failed');
      const seconds =
        (Date.parse(drain?.endedAt ?? '') - Date.parse(drain?.startedAt ?? '')) / 1000;
      expect(seconds).toBeGreaterThanOrEqual(DRAIN_SECONDS);
      // It takes pods again, and the one that was to go is the same.
      expect(await nodes()).toEqual(ready(FROM, 'm1', 'm2', 'm4'));
      const phase = ['-o', 'jsonpath={.status.phase}'];
      expect(await kubectl(['get', 'pod', pod, ...phase])).toBe('Running');

      await loosenBudget(kubectl);
      expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
      await ends(2, 300);
      expect(await nodes()).toEqual(ready(FROM, 'm1', 'm2'));
      await expectAsFound('m4');
      await removeHeld(kubectl);
    },
  );

  it('are upgraded two at a time, after the control plane', LONG, async () => {
    const three = of(...MACHINES);
    await becomes(three);
    three.spec.config.kubernetesVersion = TO;

    const { operations } = await newest(await becomes(three, 1500));

    expect(operations.map(({ name }) => name)).toEqual(['ClusterUpgrade']);
    expect(await nodes()).toEqual(ready(TO, ...MACHINES));
    // From the moment that pods leave a node until it takes them again.
    const turns = (operations[0]?.nodes ?? []).map(({ hostname, steps }) => {
      const time = (step: string, edge: 'startedAt' | 'endedAt') =>
        Date.parse(steps.find(({ name }) => name === step)?.[edge] ?? '');
      return {
        hostname,
        from: time('upgrade-drain', 'startedAt'),
        to: time('uncordon', 'endedAt'),
      };
    });
    const first = Math.min(...turns.map(({ from }) => from));
    for (const { hostname, from, to } of turns) {
      const [begin, end] = [from, to].map((time) => ((time - first) / 1000).toFixed(1));
      process.stdout.write(`${hostname}: out of service from ${begin ?? ''} s to ${end ?? ''} s\n`);
    }
    const workers = turns.filter(({ hostname }) => hostname !== 'm1');
    expect(workers.map(({ hostname }) => hostname).toSorted()).toEqual(['m2', 'm3', 'm4']);
    for (const { from, to } of workers) expect(to).toBeGreaterThan(from);
    const controlPlane = turns.find(({ hostname }) => hostname === 'm1');
    for (const { from } of workers) expect(from).toBeGreaterThan(controlPlane?.to ?? NaN);
    // How many are out of service at the moment that one goes: two, and never all three.
    const out = workers.map(
      ({ from }) => workers.filter((other) => other.from <= from && from < other.to).length,
    );
    expect(Math.max(...out)).toBe(2);
  });

  it('leave machines as they were found when the cluster is deleted', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) await expectAsFound(name);
  });
});
