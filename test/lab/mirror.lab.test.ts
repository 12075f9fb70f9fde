import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { startMirrorServer, type MirrorServer } from './mirror/mirrorServer.js';
import { mirrorTree } from './mirror/mirrorTree.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Machines that fetch for themselves, from a mirror: a web server with upstream's own paths. `online` is the same
 * with upstream's own hosts (see machine/artifacts/upstream.test.ts).
 */

const NAME = 'mirror';
const MACHINES = ['m1', 'm2'] as const;
const HOST = '10.77.0.1';

let work: string;
let mirror: MirrorServer;
let session: LabSession;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'plinth-mirror-'));
  session = await openLabSession(MACHINES, {
    settings: async ({ bundle }) => {
      mirror = await startMirrorServer(HOST, await mirrorTree(bundle, 'v1.34.4', work));
      return { PLINTH_ARTIFACTS: mirror.url };
    },
  });
  // As an operator would: the machines' own package source is the mirror, too.
  const source = `deb [trusted=yes] ${mirror.url}/debian ./`;
  for (const name of MACHINES) {
    await execOn(name, `rm -rf /etc/apt/sources.list.d; echo '${source}' >/etc/apt/sources.list`);
    before.set(name, await snapshotMachine(name));
  }
}, 300_000);

afterAll(async () => {
  await session.stop();
  await mirror.stop();
  await rm(work, { recursive: true, force: true });
});

describe('a cluster whose machines fetch from a mirror', () => {
  it('gets READY with nothing from anywhere else', async () => {
    const cluster = labCluster(session.lab, { name: NAME, machines: MACHINES });
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    const served = [...mirror.served];
    for (const what of [
      /^\/dl\.k8s\.io\/release\/v1\.34\.4\/bin\/linux\/amd64\/kubelet\.sha256$/,
      /^\/github\.com\/containernetworking\/plugins\/.*\.tgz$/,
      /^\/raw\.githubusercontent\.com\/.*calico-vxlan\.yaml$/,
      /^\/registry\.k8s\.io\/v2\/kube-apiserver\/manifests\/v1\.34\.4$/,
      /^\/registry\.k8s\.io\/v2\/metrics-server\/metrics-server\/blobs\/sha256:/,
      /^\/docker\.io\/v2\/calico\/node\/manifests\//,
      /^\/debian\/.*containerd_/,
    ]) {
      expect(
        served.some((path) => what.test(path)),
        `something like ${String(what)}`,
      ).toBe(true);
    }
    for (const name of MACHINES) {
      // Nothing came through the SSH connection.
      const { stdout } = await execOn(name, 'ls /var/lib/plinth/artifacts 2>/dev/null | wc -l');
      expect(stdout.trim()).toBe('0');
    }
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
