import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { Cluster, NodeSpec } from '../../core/cluster.js';
import type { ConsoleList } from '../../core/consoleModel.js';
import type { StepName } from '../../core/steps.js';
import { parseStartConfig } from '../../embedded/config.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { clustersOf } from '../api/openTestApi.js';
import { fixtureCluster } from '../fixtures/cluster.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { farmEnvironment } from '../product/farmProduct.js';
import { farmMachine, recordedSteps } from '../ssh/machineFarm.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';

/*
 * The product as `npm start` runs it, with machines that run nothing: they say how each step ends after about a third of the
 * time that real ones take. What it makes of that, in its store and on its pages, is its own.
 */

const PROJECT = 'defaultproject';
const VERSION = 'v1.34.4';

const SECONDS: Readonly<Partial<Record<StepName, number>>> = {
  ...{ facts: 0.5, claim: 0.9, 'os-prepare': 1.1, packages: 5.6, 'container-runtime': 1.4 },
  ...{ 'api-endpoint': 0.6, binaries: 2.1, images: 4.3, 'kubeadm-init': 4.8, cni: 1.6 },
  ...{ 'node-ready': 3, 'kubeadm-join': 2.7, 'check-in': 0.7, 'node-metadata': 0.4 },
  ...{ 'namespace-sync': 0.4, 'blueprint-sync': 2.2, 'blueprint-health': 6 },
};

/** What a cluster of the fleet is made of, and what becomes of it. */
export interface FleetCluster {
  name: string;
  machines: number;
  /** How long each machine takes, to the others. */
  pace?: readonly number[];
  /** Whoever comes to these steps stays in them. */
  held?: readonly string[];
  /** What these steps end with. */
  said?: Readonly<Record<string, SaidStep>>;
  /** What a look at each of these machines finds beside what is well: rows of `machine/watch/look.sh`. */
  found?: Readonly<Record<string, readonly string[]>>;
}

export interface Fleet {
  url: string;
  adminKey: string;
  /** Applies the cluster with its first `machines`, changed by `change`. */
  apply(of: FleetCluster, machines: number, change?: (cluster: Cluster) => void): Promise<void>;
  /** Waits until what is asked for is done, or has failed. */
  settled(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Steps are named as `<step> on <machine>`, and machines as their cluster with their number. */
export async function startFleet(clusters: readonly FleetCluster[]): Promise<Fleet> {
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end();
  };
  try {
    const data = await mkdtemp(join(tmpdir(), 'plinth-fleet-'));
    ends.push(() => rm(data, { recursive: true, force: true }));
    const mirror = await startManifestMirror();
    ends.push(() => mirror.server.close());
    const nodes = new Map<string, NodeSpec[]>();
    const ids = new Map<string, string>();
    let number = 0;
    for (const of of clusters) {
      const own: NodeSpec[] = [];
      for (let index = 0; index < of.machines; index += 1) {
        number += 1;
        const machine = await startMachine({ of, index, number, ids, own });
        ends.push(() => machine.end());
        own.push(machine.spec);
      }
      nodes.set(of.name, own);
    }
    const env = await farmEnvironment(data, mirror.url);
    const plinth = await startPlinth({ config: parseStartConfig(env), env, say: () => undefined });
    ends.push(() => plinth.stop());
    const ask = asking(plinth);
    return {
      ...{ url: plinth.url, adminKey: plinth.adminKey.key, stop },
      async apply({ name }, machines, change) {
        const cluster = fixtureCluster(0);
        cluster.metadata = { name, project: PROJECT };
        cluster.spec.config.kubernetesVersion = VERSION;
        cluster.spec.config.nodes = (nodes.get(name) ?? []).slice(0, machines);
        change?.(cluster);
        await ask(clustersOf(PROJECT), cluster);
        const { items } = await ask<ConsoleList>(`/console/clusters?name=${name}`);
        ids.set(name, items[0]?.id ?? '');
      },
      async settled(name) {
        for (;;) {
          const { status } = await ask<Cluster>(`${clustersOf(PROJECT)}/${name}/status`);
          if (status?.commonStatus.conditionStatus !== 1) return;
          await wait(200);
        }
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface MachineOf {
  of: FleetCluster;
  index: number;
  /** Of all machines, from 1 on. */
  number: number;
  /** Of the clusters that are applied, by name. */
  ids: ReadonlyMap<string, string>;
  /** The cluster's machines. */
  own: readonly NodeSpec[];
}

async function startMachine(
  machine: MachineOf,
): Promise<{ spec: NodeSpec; end: () => Promise<void> }> {
  const { of, index, number } = machine;
  const hostname = hostnameOf(of, index);
  const recorded = recordedSteps(number);
  const pace = of.pace?.[index] ?? 1;
  const steps = async (asked: AskedStep): Promise<SaidStep> => {
    const { step } = asked;
    const name = `${step} on ${hostname}`;
    if (of.held?.includes(name) === true) return new Promise<never>(() => undefined);
    await wait((SECONDS[step as StepName] ?? 0.5) * 1000 * pace);
    const said = of.said?.[name] ?? recorded(asked);
    const own = { facts: { hostname }, 'node-ready': { kubeletVersion: VERSION } };
    return { ...said, results: { ...said.results, ...(own as Record<string, object>)[step] } };
  };
  // Each has an address of its own, of those that Linux has for itself.
  const address = `127.77.0.${String(10 + number)}`;
  const look = (command: string): string => lookRows(machine, command);
  const server = await startScriptedMachine(steps, look, address);
  const { privateIP } = farmMachine(number);
  const spec: NodeSpec = {
    ...{ hostname, privateIP, operatingSystem: 'Debian12', arch: 'amd64' },
    roles: index === 0 ? ['ControlPlane', 'Worker'] : ['Worker'],
    ssh: {
      ...{ ipAddress: address, username: 'root', port: String(server.port) },
      privateKeyPath: 'id_ed25519',
    },
  };
  return { spec, end: () => server.close() };
}

const hostnameOf = ({ name }: FleetCluster, index: number): string =>
  `${name.split('-').at(-1) ?? name}-${String(index + 1)}`;

/** What it answers when it is looked at: it and its cluster are well, but for what was found. */
function lookRows({ of, index, ids, own }: MachineOf, command: string): string {
  const parts = /bash -s ((?:cluster|machine)(?: machine)?)/.exec(command)?.[1]?.split(' ') ?? [];
  const year = new Date(Date.now() + 365 * 86_400_000).toISOString();
  const rows = [
    ...(parts.includes('cluster') ? clusterRows(own) : []),
    ...(parts.includes('machine')
      ? [
          `owner\t{"clusterId":"${ids.get(of.name) ?? ''}"}`,
          ...(index === 0 ? [`certificate\tapiserver\t${year}`] : []),
          ...['disk\t/\t41\t61440', `clock\t${String(Math.floor(Date.now() / 1000))}`],
          ...(of.found?.[hostnameOf(of, index)] ?? []),
          'machine-told',
        ]
      : []),
  ];
  return rows.map((row) => `${row}\n`).join('');
}

function clusterRows(own: readonly NodeSpec[]): string[] {
  const nodes = own.map(({ hostname, privateIP }) =>
    ['node', hostname, VERSION, '', privateIP, 'Ready', 'True', '', 'KubeletReady', ''].join('\t'),
  );
  return [
    ...nodes,
    'api\tanswers',
    `etcd\t${own[0]?.hostname ?? ''}\tmember\thealthy`,
    'etcd-told',
  ];
}

function asking({ url, adminKey }: Plinth) {
  return async <T>(path: string, body?: Cluster): Promise<T> => {
    const answer = await fetch(url + path, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'x-api-key': adminKey.key, 'content-type': 'application/json' },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return JSON.parse(text) as T;
  };
}
