import { rm } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TasksetDetails } from '../../api/views/tasksetView.js';
import type { Cluster } from '../../core/cluster.js';
import { buildBundle } from '../../lab/build/bundle.js';
import { stopCalling, type Call } from './callers.js';
import { labCluster } from './cluster.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { bundleWithCalico, changeManifest } from './otherCalico.js';
import { runsOf, startsInJournal } from './runs.js';
import { removeServed, startServing } from './served.js';
import { openLabSession, type LabSession } from './session.js';
import { expectPodsTalk } from './webPods.js';

/*
 * Another version of Calico, and then another manifest of the same version, on a cluster that serves: the images are
 * there first, the agents are replaced node by node, nothing is drained, and no request is lost. It shows plinth's
 * own way, not that version: its programs are those of the lab's Calico under another name.
 */

const NAME = 'network';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const OTHER = 'v3.31.0';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
let bundle = '';

beforeAll(async () => {
  await buildBundle({ log: (line) => process.stdout.write(`${line}\n`) });
  session = await openLabSession(MACHINES, {
    settings: async (lab) => {
      bundle = await bundleWithCalico(lab.bundle, OTHER);
      return { PLINTH_ARTIFACTS: bundle };
    },
  });
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'minimal' });
}, 3_600_000);

afterAll(async () => {
  await session.stop();
  await rm(bundle, { recursive: true, force: true });
});

const withCalico = (version: string): Cluster => {
  const { config } = cluster.spec;
  const network = { ...config.network, cni: { name: 'Calico', version } };
  return { ...cluster, spec: { ...cluster.spec, config: { ...config, network } } };
};

/** Of Calico's pods, each once: `quay.io/calico/node:v3.31.0`. */
async function images(): Promise<string[]> {
  const path = '{.items[*].spec.containers[*].image} {.items[*].spec.initContainers[*].image}';
  const of = ['k8s-app in (calico-node, calico-kube-controllers)', '-o', `jsonpath=${path}`];
  const text = await kubectl(['-n', 'kube-system', 'get', 'pods', '-l', ...of]);
  return [...new Set(text.trim().split(/\s+/))].toSorted();
}

async function newestTaskset(): Promise<TasksetDetails> {
  const { lastTasksets } = await session.plinth.status(NAME);
  const id = lastTasksets[0]?.tasksetId ?? '';
  const response = await session.plinth.request('GET', `${NAME}/tasksets/${id}`);
  return (await response.json()) as TasksetDetails;
}

/** What became of the steps of a taskset's last operation, by name. */
async function stepStates(): Promise<Record<string, string>> {
  const { operations } = await newestTaskset();
  const steps = operations.at(-1)?.nodes.flatMap((node) => node.steps) ?? [];
  return Object.fromEntries(steps.map(({ name, state }) => [name, state]));
}

async function sync(): Promise<void> {
  expect((await session.plinth.request('POST', `${NAME}/sync`)).status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, 300);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
}

describe('the network of a cluster that serves', () => {
  const of = (registry: string, version: string): string[] =>
    ['cni', 'kube-controllers', 'node'].map((part) => `${registry}/calico/${part}:${version}`);

  it('is of the version that the cluster was created with', async () => {
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    expect(await images()).toEqual(of('docker.io', 'v3.28.5'));
    await startServing(session.lab, kubectl, MACHINES);
  });

  it('is not taken back to an older version', async () => {
    const response = await session.plinth.apply(withCalico('3.28.4'));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('spec.config.network.cni.version');
    expect(await images()).toEqual(of('docker.io', 'v3.28.5'));
  });

  it('becomes one of another version, on every node', async () => {
    expect((await session.plinth.apply(withCalico(OTHER))).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    const { operations } = await newestTaskset();
    expect(operations.map(({ name }) => name)).toEqual(['ClusterUpgrade']);
    expect(operations[0]?.reason).toBe('Calico 3.28.5 becomes v3.31.0');
    expect(await images()).toEqual(of('quay.io', OTHER));
    const nodes = await kubectl(['get', 'nodes', '--no-headers']);
    expect(nodes.match(/ Ready /g), nodes).toHaveLength(3);
    expect(nodes).not.toContain('SchedulingDisabled');
    for (const name of MACHINES) expect(await runsOf(name, 'upgrade-drain')).toEqual([]);
  });

  it('is left alone by a sync that finds nothing of it changed', async () => {
    await sync();
    expect(await stepStates()).toMatchObject({ cni: 'skipped', 'cni-rollout': 'skipped' });
    expect(await startsInJournal('m1', 'cni')).toBe(2);
  });

  it('follows its manifest when that has changed', async () => {
    await changeManifest(bundle, OTHER, (text) =>
      text.replace(
        'name: FELIX_IPV6SUPPORT',
        'name: FELIX_LOGSEVERITYSCREEN\n              value: Warning\n            - name: FELIX_IPV6SUPPORT',
      ),
    );
    // It reads the artifacts' index when it starts.
    await session.plinth.kill('worker');
    await sync();
    expect(await stepStates()).toMatchObject({ cni: 'done', 'cni-rollout': 'done' });
    const env = `jsonpath={range .items[*]}{.spec.containers[0].env[?(@.name=="FELIX_LOGSEVERITYSCREEN")].value}{"\\n"}{end}`;
    const get = ['-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=calico-node', '-o', env];
    expect((await kubectl(get)).trim().split('\n')).toEqual(['Warning', 'Warning', 'Warning']);
  });

  it('lost no request meanwhile, and pods talk as before', async () => {
    const calls: Call[] = [];
    for (const name of MACHINES) calls.push(...(await stopCalling(name)));
    const lost = calls.filter(({ error }) => error !== undefined);
    process.stdout.write(`${String(calls.length)} calls, ${String(lost.length)} lost\n`);
    expect(calls.length).toBeGreaterThan(300);
    expect(lost).toEqual([]);
    await removeServed(kubectl);
    await expectPodsTalk(session.lab, kubectl, MACHINES);
  });
});
