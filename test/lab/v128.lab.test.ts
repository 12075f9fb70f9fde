import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildBundle } from '../../lab/build/bundle.js';
import {
  diffSnapshots,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';
import { expectPodsTalk } from './webPods.js';

/*
 * The oldest minor that is supported, whose kubeadm reads v1beta3. Long: built cold, its binaries take a quarter of
 * an hour.
 */

const NAME = 'v128';
const VERSION = 'v1.28.9';
const MACHINES = ['m1', 'm2'] as const;

let session: LabSession;
let kubectl: Kubectl;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  await buildBundle({
    versions: ['v1.34.4', VERSION],
    log: (line) => process.stdout.write(`${line}\n`),
  });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME, version: VERSION });
  for (const name of MACHINES) before.set(name, await snapshotMachine(name));
}, 3_600_000);

afterAll(() => session.stop());

describe(`Kubernetes ${VERSION}`, () => {
  it('gets READY: the nodes run it, kubeadm was told in v1beta3', async () => {
    const cluster = labCluster(session.lab, {
      name: NAME,
      machines: MACHINES,
      kubernetesVersion: VERSION,
    });
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    const columns = 'custom-columns=:.metadata.name,:.status.nodeInfo.kubeletVersion';
    const nodes = await kubectl(['get', 'nodes', '--no-headers', '-o', columns]);
    expect(nodes.trim().split(/\s+/)).toEqual(MACHINES.flatMap((name) => [name, VERSION]));
    const where = ['-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'yaml'];
    const config = await kubectl(where);
    expect(config).toContain('apiVersion: kubeadm.k8s.io/v1beta3');
    expect(config).toContain(`kubernetesVersion: ${VERSION}`);
  });

  it('carries traffic between the pods of all nodes, and knows its services by name', async () => {
    await expectPodsTalk(session.lab, kubectl, MACHINES);
  });

  it('is deleted, and the machines are as they were found', async () => {
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
