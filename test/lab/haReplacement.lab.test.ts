import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { buildBundle } from '../../lab/build/bundle.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { etcdMembers } from './etcdMembers.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { answeredWrites, longestGap, NAMESPACE, startProbing, stopProbing } from './probe.js';
import { runIds, stepsOf } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Of three control planes one makes room for another machine, in one apply, and another time while Kubernetes is upgraded; one dies for good and is taken out with
 * force, and is cleaned and joins anew when it comes back after all. Somebody writes meanwhile. Each test goes on from
 * the one before.
 */

const NAME = 'replaced';
const MACHINES = ['m1', 'm2', 'm3', 'm4'] as const;
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';
const ENDPOINT = 'https://plinth-api.internal:7443';

let session: LabSession;
let kubectl: Kubectl;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  await buildBundle({
    versions: [FROM, TO],
    log: (line) => process.stdout.write(`${line}\n`),
  });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  expectAsFound = await machinesFound(MACHINES);
}, 3_600_000);

afterAll(() => session.stop());

const of = (...machines: string[]): Cluster =>
  labCluster(session.lab, {
    ...{ name: NAME, machines, controlPlanes: machines.length, blueprint: 'minimal' },
  });

async function becomes(cluster: Cluster, query = '', seconds = 900): Promise<ClusterStatus> {
  const answer = await session.plinth.request('POST', `${CLUSTERS}${query}`, cluster);
  expect(answer.status, await answer.text()).toBe(200);
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  return status;
}

/** Only these have a member of etcd, by the word of each, and a node that is Ready. */
async function expectOnly(...machines: string[]): Promise<void> {
  for (const name of machines) expect(await etcdMembers(name), name).toEqual(machines);
  const rows = (await kubectl(['get', 'nodes', '--no-headers'])).trim().split('\n');
  const words = rows.map((row) => row.split(/\s+/));
  expect(words.map(([name = '', state = '']) => `${name} ${state}`).toSorted()).toEqual(
    machines.map((name) => `${name} Ready`),
  );
}

async function whileWritten(run: string, work: () => Promise<void>): Promise<void> {
  await startProbing('m1', run, ENDPOINT);
  await work();
  const { reads, writes } = await stopProbing('m1');
  const gaps = [longestGap(reads), longestGap(writes)];
  const { made, gone } = await answeredWrites(writes, kubectl);
  process.stdout.write(
    `${run}: ${String(made.length)} of ${String(writes.length)} writes answered, ${String(gone.length)} of them gone; longest gaps ${gaps.map((gap) => gap.toFixed(1)).join(' and ')} s\n`,
  );
  expect(made.length).toBeGreaterThan(100);
  expect(gone).toEqual([]);
  // Less than a kubelet waits before it says that it is lost: nobody acts upon it.
  for (const gap of gaps) expect(gap).toBeLessThan(15);
}

/** Names and process ids of what a control plane runs on: another id is another start. */
async function processes(machine: string): Promise<string[]> {
  const { stdout } = await execOn(
    machine,
    `for p in /proc/[0-9]*; do
      case $(cat $p/comm 2>/dev/null) in
        etcd | kube-apiserver | kubelet | containerd) echo "$(cat $p/comm) \${p#/proc/}" ;;
      esac
    done`,
  );
  return stdout.trim().split('\n').toSorted();
}

const orphans = async (): Promise<string[]> => {
  const answer = await session.plinth.request('GET', `${NAME}/nodes?status=ORPHANED`);
  const { items } = (await answer.json()) as { items: { hostname: string }[] };
  return items.map(({ hostname }) => hostname);
};

describe('of three control planes', () => {
  it('all have a member of etcd', async () => {
    await becomes(of('m1', 'm2', 'm3'));
    await expectOnly('m1', 'm2', 'm3');
    await kubectl(['create', 'namespace', NAMESPACE]);
  });

  it('one is replaced by another machine in one apply, and no write that was answered is lost', async () => {
    const ran = await Promise.all(['m1', 'm2'].map(processes));
    expect(ran.map((each) => each.length)).toEqual([4, 4]);
    const runsOfM2 = await runIds('m2');
    await whileWritten('replaced', async () => {
      const { lastTasksets } = await becomes(of('m1', 'm2', 'm4'));
      expect(lastTasksets[0]?.tasksetOperations.map(({ operationName }) => operationName)).toEqual([
        'NodeUpdate',
        'NodeRemoval',
        'NodeAddition',
      ]);
    });
    await expectOnly('m1', 'm2', 'm4');
    await expectAsFound('m3');
    // Those that stay are told of the new one, and nothing of theirs is started anew.
    expect(await Promise.all(['m1', 'm2'].map(processes))).toEqual(ran);
    const onM2 = (await runIds('m2')).filter((id) => !runsOfM2.includes(id));
    expect(stepsOf(onM2)).toEqual(['api-endpoint']);
  });

  it('one that is dead is taken out with force, and listed as ORPHANED; the two that stay go on', async () => {
    const two = of('m1', 'm4');
    await whileWritten('dead', async () => {
      await powerOff('m2');
      const refused = await session.plinth.apply(two);
      expect(refused.status).toBe(400);
      expect(await refused.text()).toContain('force=true');
      const { mks } = await becomes(two, '?force=true');
      expect(mks.nodes.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))).toEqual([
        { hostname: 'm1', status: 'READY' },
        { hostname: 'm2', status: 'ORPHANED' },
        { hostname: 'm4', status: 'READY' },
      ]);
    });
    await expectOnly('m1', 'm4');
    expect(await orphans()).toEqual(['m2']);
    for (const name of ['m1', 'm4']) {
      const { stdout } = await execOn(name, 'cat /etc/plinth/haproxy.cfg');
      expect(stdout, name).not.toContain('server m2 ');
    }
    // The same two are no new decision, and nothing is to be done about them.
    const before = await session.plinth.status(NAME);
    const after = await becomes(two);
    expect(after.lastTasksets).toEqual(before.lastTasksets);
  });

  it('the dead one comes back as it was and harms nobody; once wanted it is cleaned, and joins anew', async () => {
    await powerOn('m2');
    await until('etcd on m2 is told that it is out', 120, async () => {
      const logs = '/var/log/pods/kube-system_etcd-m2_*/etcd/*.log';
      const { code } = await execOn('m2', `grep -q 'permanently removed' ${logs}`);
      return code === 0 ? true : undefined;
    });
    await expectOnly('m1', 'm4');
    await becomes(of('m1', 'm2', 'm4'));
    await expectOnly('m1', 'm2', 'm4');
    expect(await orphans()).toEqual([]);
  });

  it(
    'one is replaced while Kubernetes is upgraded, in one apply: the new one joins first, and etcd keeps its quorum',
    { timeout: 30 * 60_000 },
    async () => {
      const newer = of('m1', 'm2', 'm3');
      newer.spec.config.kubernetesVersion = TO;
      await whileWritten('upgraded', async () => {
        const { lastTasksets } = await becomes(newer, '', 1500);
        expect(
          lastTasksets[0]?.tasksetOperations.map(({ operationName }) => operationName),
        ).toEqual(['NodeUpdate', 'NodeRemoval', 'NodeAddition', 'ClusterUpgrade']);
      });
      await expectOnly('m1', 'm2', 'm3');
      const versions = ['-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}'];
      expect(await kubectl(['get', 'nodes', ...versions])).toBe([TO, TO, TO].join(' '));
      await expectAsFound('m4');
    },
  );

  it('all machines are as they were found once the cluster is deleted', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) await expectAsFound(name);
  });
});
