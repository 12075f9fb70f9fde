import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cutNetwork,
  diffSnapshots,
  execOn,
  formatDifference,
  isOn,
  labUp,
  powerOff,
  powerOn,
  readLab,
  reboot,
  resetConnections,
  resetMachine,
  restoreNetwork,
  snapshotMachine,
} from './lab.js';
import { claimForTests } from './claimForTests.js';
import { labPaths } from './paths.js';
import { tryRun } from './run.js';

const SSH = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes'];

function ssh(name: string, command: string) {
  const { machines, privateKeyPath } = readLab();
  const ip = machines.find((machine) => machine.name === name)?.ip ?? '';
  const options = [...SSH, 'ConnectTimeout=3', 'LogLevel=ERROR'].flatMap((option) => [
    '-o',
    option,
  ]);
  return tryRun('ssh', [...options, '-i', privateKeyPath, `ops@${ip}`, command]);
}

async function bootId(name: string): Promise<string> {
  return (await execOn(name, 'cat /proc/sys/kernel/random/boot_id')).stdout.trim();
}

describe('the lab', () => {
  let release = () => {};
  // Building what is missing is not part of the figure.
  beforeAll(async () => {
    release = claimForTests();
    await labUp(3, { bare: true });
  }, 60 * 60_000);
  afterAll(() => release());

  test('brings three bare machines up in less than a minute', async () => {
    const started = Date.now();
    const { machines } = await labUp(3, { bare: true });
    expect(machines.map(({ name }) => name)).toEqual(['m1', 'm2', 'm3']);
    expect(Date.now() - started).toBeLessThan(60_000);
  });

  test('its machines are bare: nothing of Kubernetes, a runtime or a network plugin', async () => {
    const programs =
      'containerd runc crictl ctr conntrack socat ebtables ipset iptables nft haproxy kubeadm kubelet kubectl etcd calico';
    const folders = '/etc/kubernetes /etc/cni /opt/cni /etc/containerd /usr/lib/cni';
    for (const { name } of readLab().machines) {
      const found = await execOn(
        name,
        `for p in ${programs}; do command -v $p; done; ls -d ${folders}`,
      );
      expect(found.stdout, name).toBe('');
      const state = await execOn(
        name,
        'systemctl is-system-running; systemctl --failed --plain --no-legend',
      );
      expect(state.stdout.trim(), name).toBe('running');
    }
  });

  test('its machines are told apart by machine id, host key and address', async () => {
    const { machines } = readLab();
    const ids = await Promise.all(
      machines.map(({ name }) => execOn(name, 'cat /etc/machine-id; hostname')),
    );
    expect(new Set(ids.map(({ stdout }) => stdout)).size).toBe(machines.length);
    expect(new Set(machines.map(({ fingerprint }) => fingerprint)).size).toBe(machines.length);
    const scanned = await tryRun('ssh-keyscan', ['-t', 'ed25519', machines[0]?.ip ?? '']);
    expect(scanned.stdout).toContain(machines[0]?.hostKey);
  });

  test('people log in as ops and have sudo without a password', async () => {
    expect((await ssh('m1', 'sudo -n id -u')).stdout.trim()).toBe('0');
  });

  test('its machines reach each other and the host, and nothing else', async () => {
    const reach = (ip: string) => execOn('m1', `ping -c1 -W1 ${ip} >/dev/null`);
    expect((await reach('10.77.0.12')).code).toBe(0);
    expect((await reach('10.77.0.1')).code).toBe(0);
    expect((await reach('1.1.1.1')).code).not.toBe(0);
  });

  test('a reboot keeps identity and disk, and is another boot', async () => {
    const id = (await execOn('m2', 'echo kept > /root/file; cat /etc/machine-id')).stdout;
    const before = await bootId('m2');
    await reboot('m2');
    expect(await bootId('m2')).not.toBe(before);
    expect((await execOn('m2', 'cat /etc/machine-id')).stdout).toBe(id);
    expect((await ssh('m2', 'sudo cat /root/file')).stdout).toBe('kept\n');
  });

  test('a power cut loses what runs and keeps the disk; rules and links are gone', async () => {
    await execOn('m2', 'echo kept > /root/power; sync; ip link add d0 type bridge');
    expect((await execOn('m2', 'ip link show d0')).code).toBe(0);
    await powerOff('m2');
    expect(isOn('m2')).toBe(false);
    expect((await ssh('m2', 'true')).code).toBe(255);
    await powerOn('m2');
    expect((await execOn('m2', 'cat /root/power; ip link show d0')).stdout).toBe('kept\n');
  });

  test('a cut network hangs connections, and a plugged one lets them go on', async () => {
    const talking = ssh('m2', 'sleep 2; echo still here');
    await sleep(700);
    await cutNetwork('m2');
    expect((await ssh('m2', 'true')).code).toBe(255);
    expect((await execOn('m2', 'echo past the network')).stdout).toBe('past the network\n');
    await restoreNetwork('m2');
    expect(await talking).toMatchObject({ code: 0, stdout: 'still here\n' });
  });

  test('a reset connection ends at once, and the next one is accepted', async () => {
    const talking = ssh('m2', 'sleep 30');
    const deadline = Date.now() + 5_000;
    let killed = 0;
    while (killed === 0 && Date.now() < deadline) {
      await sleep(100);
      killed = resetConnections('m2');
    }
    const reset = Date.now();
    expect((await talking).code).toBe(255);
    expect(Date.now() - reset).toBeLessThan(2_000);
    expect((await ssh('m2', 'echo again')).stdout).toBe('again\n');
  });

  test('a reset machine is as it was, whatever was done to it', async () => {
    await resetMachine('m3');
    const before = await snapshotMachine('m3');
    await execOn(
      'm3',
      'touch /etc/x; sysctl -qw net.ipv4.ip_forward=1; ip link add d0 type bridge',
    );
    const changed = diffSnapshots(before, await snapshotMachine('m3')).map(formatDifference);
    expect(changed.some((line) => line.startsWith('files: + /etc/x'))).toBe(true);
    expect(changed.some((line) => line.startsWith('links: + d0'))).toBe(true);
    expect(changed.some((line) => line.startsWith('sysctls: net.ipv4.ip_forward'))).toBe(true);
    await resetMachine('m3');
    const wtmp = {
      section: 'files',
      key: '/var/log/wtmp',
      reason: 'holds the time of the boot',
    } as const;
    const left = diffSnapshots(before, await snapshotMachine('m3'), [wtmp]);
    expect(left.map(formatDifference)).toEqual([]);
  });

  test('keeps its state in one folder, which names machines, key and bundle', () => {
    const paths = labPaths();
    expect(readLab()).toMatchObject({ privateKeyPath: paths.privateKey, bundle: paths.bundle });
  });
});
