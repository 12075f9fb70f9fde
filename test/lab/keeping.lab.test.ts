import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ClusterStatus } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * A provisioned cluster is watched: the status tells the truth within two minutes of a machine's death and of its return,
 * with no operation, and whoever watches may die as well. In the end its only control plane is gone for good. Each test
 * goes on from the one before.
 */

const NAME = 'keeping';
const WITHIN_SECONDS = 120;

interface Health {
  lookedAt: string;
  seenAt?: string;
  warnings: string[];
  failures: { hostname: string; kind: string }[];
  etcd?: { name: string; healthy: boolean }[];
  nodes: {
    hostname: string;
    ready?: string;
    version?: string;
    machine?: { certificatesExpireAt?: string; disks: object[]; drift: string[] };
  }[];
}

let session: LabSession;
let kubectl: Kubectl;
let tasksets: number;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  session = await openLabSession(['m1', 'm2']);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(['m2']);
  const cluster = labCluster(session.lab, {
    ...{ name: NAME, machines: ['m1', 'm2'], blueprint: 'minimal' },
  });
  expect((await session.plinth.apply(cluster)).status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, 600);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  tasksets = status.lastTasksets.length;
});

afterAll(() => session.stop());

const health = async (): Promise<Health | undefined> => {
  const answer = await session.plinth.request('GET', `${NAME}/health`);
  return answer.status === 200 ? ((await answer.json()) as Health) : undefined;
};
const stateOf = ({ mks }: ClusterStatus, hostname: string): string | undefined =>
  mks.nodes.find((node) => node.hostname === hostname)?.status;
const readyOf = ({ conditions }: ClusterStatus): string => {
  const found = conditions.find(({ type }) => type === 'ClusterReady');
  return `${found?.status ?? ''}: ${found?.reason ?? ''}`;
};

/** Seconds from then on, in ms, until the status says it. */
async function untilSaid(
  what: string,
  seconds: number,
  says: (status: ClusterStatus) => boolean,
  begun = Date.now(),
): Promise<number> {
  await until(what, seconds, async () => {
    // The API itself is not what dies here.
    const status = await session.plinth.status(NAME);
    return says(status) ? true : undefined;
  });
  const took = (Date.now() - begun) / 1000;
  process.stdout.write(`${what}: ${took.toFixed(1)} s\n`);
  return took;
}

const isDown = (hostname: string) => (status: ClusterStatus) =>
  stateOf(status, hostname) === 'NOT_READY' &&
  readyOf(status).startsWith('False: ') &&
  readyOf(status).includes(hostname);
const isWhole = (status: ClusterStatus): boolean =>
  ['m1', 'm2'].every((hostname) => stateOf(status, hostname) === 'READY') &&
  readyOf(status).startsWith('True: ');

/** Seconds from the machine's power on, its boot included, until the status says that all is well. */
async function untilBack(hostname: string): Promise<number> {
  const on = Date.now();
  const kubernetes = async (): Promise<void> => {
    await until(`${hostname} is Ready for Kubernetes`, 300, async () => {
      const row = await kubectl(['get', 'node', hostname, '--no-headers']).catch(() => '');
      return / Ready /.test(row) ? true : undefined;
    });
    const took = (Date.now() - on) / 1000;
    process.stdout.write(`${hostname} is Ready for Kubernetes: ${took.toFixed(1)} s\n`);
  };
  await powerOn(hostname);
  const [took] = await Promise.all([
    untilSaid(`${hostname} is READY again`, 300, isWhole, on),
    kubernetes(),
  ]);
  return took;
}

describe('a provisioned cluster', () => {
  it('is looked at: nodes, etcd, and what each machine says of itself', async () => {
    const whole = await until('both machines have told', 120, async () => {
      const now = await health();
      return now?.nodes.filter(({ machine }) => machine !== undefined).length === 2
        ? now
        : undefined;
    });
    expect(whole.etcd).toEqual([{ name: 'm1', healthy: true, learner: false }]);
    expect(whole.nodes.map(({ hostname, ready, version }) => [hostname, ready, version])).toEqual([
      ['m1', 'True', 'v1.34.4'],
      ['m2', 'True', 'v1.34.4'],
    ]);
    const [first, second] = whole.nodes;
    const left = Date.parse(first?.machine?.certificatesExpireAt ?? '') - Date.now();
    expect(left / 86_400_000).toBeGreaterThan(360);
    expect(second?.machine?.certificatesExpireAt).toBeUndefined();
    for (const { machine } of whole.nodes) {
      expect(machine?.disks.length).toBeGreaterThan(0);
      expect(machine?.drift).toEqual([]);
    }
    expect(whole.warnings).toEqual([]);
  });

  it('says within two minutes that a worker has lost its power, and which', async () => {
    await powerOff('m2');
    const took = await untilSaid('m2 without power is NOT_READY', 300, isDown('m2'));
    expect(took).toBeLessThan(WITHIN_SECONDS);
    expect(stateOf(await session.plinth.status(NAME), 'm1')).toBe('READY');
  });

  it('says within two minutes that it is back, with no operation', async () => {
    expect(await untilBack('m2')).toBeLessThan(WITHIN_SECONDS);
    const { lastTasksets } = await session.plinth.status(NAME);
    expect(lastTasksets).toHaveLength(tasksets);
  });

  it('is watched by another process when the one that watches is killed as a machine dies', async () => {
    const before = await session.plinth.pid('worker');
    await powerOff('m2');
    await session.plinth.kill('worker');
    const took = await untilSaid('m2 is NOT_READY, the watcher killed', 300, isDown('m2'));
    expect(took).toBeLessThan(WITHIN_SECONDS);
    expect(await session.plinth.pid('worker')).not.toBe(before);
    expect(await untilBack('m2')).toBeLessThan(WITHIN_SECONDS);
  });

  it('is said to be unreachable when its only control plane has lost its power, and whole when that is back', async () => {
    await powerOff('m1');
    const took = await untilSaid('m1 without power is NOT_READY', 300, isDown('m1'));
    expect(took).toBeLessThan(WITHIN_SECONDS);
    expect((await health())?.failures).toMatchObject([{ hostname: 'm1', kind: 'unreachable' }]);
    expect(await untilBack('m1')).toBeLessThan(WITHIN_SECONDS);
  });

  it('tells what somebody has changed on a machine, which makes it no less Ready', async () => {
    await execOn('m2', 'systemctl disable kubelet.service');
    // The end of an operation has the machines asked again.
    const sync = await session.plinth.request('POST', `${NAME}/sync`);
    expect(sync.status).toBe(200);
    await session.plinth.untilEnded(NAME, 300);
    await until('the drift is told', 120, async () =>
      (await health())?.warnings.includes('m2: kubelet.service does not start with the machine')
        ? true
        : undefined,
    );
    expect(isWhole(await session.plinth.status(NAME))).toBe(true);
  });

  it('is not deleted while its only control plane is gone, and says how; with force it is, and the other machine is clean', async () => {
    const orphaned = async (): Promise<string[]> => {
      const path = '/apis/system.k8smgmt.io/v3/audit?limit=50';
      const { items } = (await (await session.plinth.request('GET', path)).json()) as {
        items: { action: string; resource: string }[];
      };
      return items.filter(({ action }) => action === 'node.orphan').map((item) => item.resource);
    };
    await powerOff('m1');
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    const { commonStatus } = await session.plinth.untilEnded(NAME, 600);
    process.stdout.write(`not deleted: ${commonStatus.reason}\n`);
    expect(commonStatus.conditionStatus).toBe(3);
    expect(commonStatus.reason).toContain('m1');
    expect(commonStatus.reason).toContain('force=true');
    expect(await orphaned()).toEqual([]);

    expect((await session.plinth.request('DELETE', `${NAME}?force=true`)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    await expectAsFound('m2');
    expect(await orphaned()).toEqual([`clusters/${NAME}/nodes/m1`]);
  });
});
