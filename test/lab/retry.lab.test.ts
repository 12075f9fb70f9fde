import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';

/*
 * What goes wrong on people's machines: each ends FAILED with what to do, and goes on after it was mended.
 */

const NAME = 'retry';

let session: LabSession;

beforeEach(async () => {
  session = await openLabSession(['m1', 'm2']);
});

afterEach(async () => {
  await session.stop();
});

function two(change: (cluster: Cluster) => void = () => undefined): Cluster {
  const cluster = labCluster(session.lab, {
    name: NAME,
    machines: ['m1', 'm2'],
    blueprint: 'minimal',
  });
  change(cluster);
  return cluster;
}

async function fails(cluster: Cluster, seconds: number): Promise<ClusterStatus> {
  expect((await session.plinth.apply(cluster)).status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(3);
  expect(status.commonStatus.reason).toContain('what to do');
  expect(status.lastTasksets[0]?.tasksetOperations[0]?.errorSummary).toContain('what to do');
  return status;
}

async function retried(): Promise<void> {
  expect((await session.plinth.request('POST', `${NAME}/retry`)).status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, 500);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
}

describe('a provision that fails', () => {
  it('names a machine that is down within a minute, and goes on once it is up', async () => {
    await powerOff('m2');
    const from = Date.now();
    const status = await fails(two(), 240);
    expect(Date.now() - from).toBeLessThan(60_000);
    expect(status.commonStatus.reason).toMatch(/node m2: connect/);
    await powerOn('m2');
    await retried();
  });

  it('names the package manager that holds its lock', async () => {
    // As dpkg does it. systemd would expand a variable of perl's in a command line, not in a file.
    const perl = `use Fcntl qw(SEEK_SET F_SETLK F_WRLCK);
open F, ">", "/var/lib/dpkg/lock-frontend" or die;
my $lock = pack("s s x![l!] l! l! i", F_WRLCK, SEEK_SET, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die;
sleep 600;
`;
    await execOn('m2', 'cat >/run/locker.pl', { input: perl });
    await execOn('m2', 'systemd-run --quiet --collect --unit=locker perl /run/locker.pl; sleep 1');
    const held = await execOn('m2', 'systemctl is-active locker');
    expect(held.stdout).toMatch(/^active/);
    const status = await fails(two(), 240);
    expect(status.commonStatus.reason).toMatch(/node m2: .*lock/i);
    await execOn('m2', 'systemctl stop locker; rm /run/locker.pl');
    await retried();
  });

  it('refuses a key that the machine does not know, and goes on with the right one', async () => {
    const keys = join(session.plinth.dataDir, 'ssh-keys');
    await rename(join(keys, 'id_ed25519'), join(keys, 'right'));
    await promisify(execFile)('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-f',
      join(keys, 'id_ed25519'),
    ]);
    const status = await fails(two(), 240);
    expect(status.commonStatus.reason).toMatch(/node m1: connect/);
    await rename(join(keys, 'right'), join(keys, 'id_ed25519'));
    expect((await session.plinth.apply(two())).status).toBe(200);
    const ended = await session.plinth.untilEnded(NAME, 500);
    expect(ended.commonStatus.conditionStatus, JSON.stringify(ended)).toBe(2);
  });

  it('shows the lines of a kubelet that never gets healthy, and goes on with a right setting', async () => {
    const wrong = two((cluster) => {
      cluster.spec.config.kubeletConfigurationOverrides =
        'imageGCHighThresholdPercent: 10\nimageGCLowThresholdPercent: 90\n';
    });
    const status = await fails(wrong, 500);
    expect(status.commonStatus.reason).toMatch(/node m1, step kubeadm-init/);
    expect(status.commonStatus.reason).toContain('kubelet');
    expect((await session.plinth.apply(two())).status).toBe(200);
    const ended = await session.plinth.untilEnded(NAME, 500);
    expect(ended.commonStatus.conditionStatus, JSON.stringify(ended)).toBe(2);
  });

  it('cleans a failed machine that the new spec drops, and gets READY', async () => {
    const failing = fails(two(), 300);
    // After preflight, which would have seen it.
    await untilLive('m2', 'packages');
    await execOn('m2', 'mount -t tmpfs -o size=60m tmpfs /var/lib/containerd');
    await failing;
    await execOn('m2', 'systemctl stop containerd; umount -l /var/lib/containerd');
    const one = labCluster(session.lab, { name: NAME, machines: ['m1'], blueprint: 'minimal' });
    expect((await session.plinth.apply(one)).status).toBe(200);
    const ended = await session.plinth.untilEnded(NAME, 400);
    expect(ended.commonStatus.conditionStatus, JSON.stringify(ended)).toBe(2);
    expect(
      (await execOn('m2', 'command -v containerd kubelet; ls -A /var/lib/plinth')).stdout,
    ).toBe('');
  });
});
