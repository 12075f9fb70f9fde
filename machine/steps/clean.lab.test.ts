import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StepName } from '../../core/steps.js';
import { leaderSteps } from '../../core/steps.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  isOn,
  labUp,
  powerOff,
  snapshotMachine,
  type Exclusion,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { aSpec } from '../../test/fixtures/facts/machine.js';
import { openLabNode, type LabNode } from '../../test/fixtures/labNode.js';
import { preflight } from '../preflight/preflight.js';

/** A machine beside those of the story, so that this disturbs nobody. */
const NAME = 'm4';
const CLUSTER = 'clean-lab-test';

const EXCLUSIONS: readonly Exclusion[] = [
  { section: 'files', key: '/var/log/dpkg.log', reason: "dpkg's log of what it did" },
  {
    section: 'files',
    key: '/var/log/alternatives.log',
    reason: "update-alternatives' log of what it did",
  },
  {
    section: 'files',
    key: '/home/ops/.sudo_as_admin_successful',
    reason: "sudo's own note at a login's first sudo, before any step of ours",
  },
];

/** What package tools write about themselves; it is put back only where the packages are what they were. */
const TOOLS: readonly Exclusion[] = [
  ...['/var/lib/dpkg/', '/var/lib/apt/', '/var/cache/', '/var/log/apt/', '/etc/ld.so.cache'],
  '/var/lib/systemd/catalog/database',
].map((key) => ({ section: 'files', key, reason: 'the owner has used the package tool since' }));

/** What its owner does to a machine while it is a node, and takes back later. */
const OWNER = {
  does: [
    'mkdir -p /opt/deb/DEBIAN /opt/deb/usr/share/own-tool /opt/deb/etc/cni/net.d && cd /opt',
    'echo mine >deb/usr/share/own-tool/data && echo mine >deb/etc/cni/net.d/87-own.conflist.disabled',
    'printf "Package: own-tool\\nVersion: 1\\nArchitecture: all\\nMaintainer: m <m@example>\\nDescription: mine\\n" >deb/DEBIAN/control',
    'dpkg-deb --build deb own-tool.deb',
    'sed -i "s/^Package: .*/Package: own-probe\\nDepends: ethtool/" deb/DEBIAN/control && rm -r deb/usr deb/etc',
    'dpkg-deb --build deb own-probe.deb && dpkg --install own-tool.deb own-probe.deb',
    'rm -r deb own-tool.deb own-probe.deb',
    'echo "LABEL=data /data ext4 nofail 0 2" >>/etc/fstab && echo "10.9.9.9 storage" >>/etc/hosts',
    'mkdir -p /usr/lib/modules/9.9-own/kernel "/usr/lib/modules/$(uname -r)/updates"',
    'echo x >/usr/lib/modules/9.9-own/kernel/own.ko',
    'echo x >"/usr/lib/modules/$(uname -r)/updates/own.ko"',
    'apt-mark manual libc6 >/dev/null && mkdir -p /etc/cni/net.d && echo x >/etc/cni/net.d/10-ours.conflist',
    'sysctl -qw net.core.somaxconn=8191',
    'mkdir -p /root/.kube /usr/share/own-empty && echo mine >/root/.kube/config',
    'ip netns add own',
  ].join(' && '),
  finds: [
    'test -s /usr/share/own-tool/data && ethtool --version && apt-mark showmanual | grep -qx libc6',
    'test -s /etc/cni/net.d/87-own.conflist.disabled && test ! -e /etc/cni/net.d/10-ours.conflist',
    'grep -qx "LABEL=data /data ext4 nofail 0 2" /etc/fstab && grep -qx "10.9.9.9 storage" /etc/hosts',
    'test -s /usr/lib/modules/9.9-own/kernel/own.ko && test -s "/usr/lib/modules/$(uname -r)/updates/own.ko"',
    'test "$(sysctl -n net.core.somaxconn)" = 8191',
    'grep -qx mine /root/.kube/config && test -d /usr/share/own-empty',
    'ip netns exec own true',
  ].join(' && '),
  undoes: [
    'dpkg --purge own-tool own-probe ethtool',
    'sed -i "/^LABEL=data /d" /etc/fstab && sed -i "/^10.9.9.9 /d" /etc/hosts',
    'rm -r /usr/lib/modules/9.9-own "/usr/lib/modules/$(uname -r)/updates" /usr/share/own-empty /root/.kube',
    'ip netns delete own && umount /run/netns && rmdir /run/netns && systemctl daemon-reload',
  ].join(' && '),
};

/** The longest way a machine can have gone: up to a Ready node, in the order of a creation. */
const CREATION = leaderSteps.map(({ name }) => name);

describe('cleaning a machine', () => {
  let node: LabNode;
  let before: MachineSnapshot;

  beforeAll(async () => {
    if (!isOn('m1')) await labUp(1);
    node = await openLabNode(NAME, CLUSTER);
    // systemd knows the mounts of its boot only after a reload, which `restore` does as well.
    await execOn(NAME, 'systemctl daemon-reload');
    before = await snapshotMachine(NAME);
    await node.facts();
  });

  afterAll(async () => {
    await node.close();
    await powerOff(NAME);
  });

  async function create(until: StepName, after?: StepName): Promise<void> {
    const from = after === undefined ? 0 : CREATION.indexOf(after) + 1;
    for (const step of CREATION.slice(from, CREATION.indexOf(until) + 1)) await must(step);
  }

  async function must(step: StepName): Promise<void> {
    const result = await node.run(step);
    expect(result, result.lastLines.join('\n')).not.toMatchObject({ outcome: 'failed' });
  }

  async function clean(): Promise<void> {
    for (const step of ['reset', 'restore', 'release'] as const) await must(step);
    await node.nothingLeft();
  }

  async function expectAsFound(): Promise<void> {
    const left = diffSnapshots(before, await snapshotMachine(NAME), EXCLUSIONS);
    expect(left.map(formatDifference)).toEqual([]);
    const found = preflight({
      clusterId: 'another-cluster',
      spec: aSpec([node.node]),
      nodes: [{ node: node.node, facts: await node.facts() }],
    });
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
    // What the look at the facts has left in memory.
    await execOn(NAME, 'rm -rf /run/plinth');
  }

  it('leaves no difference after a whole control plane with its network', async () => {
    await create('node-ready');
    await clean();
    await expectAsFound();
  });

  it('leaves no difference where nothing came after the claim, however often it is claimed', async () => {
    await must('claim');
    expect(await node.run('claim')).toMatchObject({ outcome: 'skipped' });
    await clean();
    await expectAsFound();
  });

  it.each<[StepName, number]>([
    ['claim', 200],
    ['packages', 500],
    ['packages', 2500],
    ['container-runtime', 300],
    ['kubeadm-init', 1500],
    ['kubeadm-init', 7000],
  ])(
    'leaves no difference after a creation whose step %s was killed after %i ms',
    async (step, killAfterMs) => {
      const index = CREATION.indexOf(step);
      if (index > 0) await create(CREATION[index - 1] ?? 'claim');
      await node.run(step, { killAfterMs });
      await clean();
      await expectAsFound();
    },
  );

  it('leaves no difference where dpkg was killed before it wrote down what it had unpacked', async () => {
    await create('artifacts');
    // As that leaves it: all files are in their places, and the package knows none of them.
    const killed = [
      'cd /var/lib/plinth/artifacts',
      'for file in *; do [ "$(dpkg-deb --field $file Package 2>&1)" != iptables ] || dpkg --force-depends --unpack $file; done',
      ...['cd /var/lib/dpkg', 'rm info/iptables.list'],
      "sed -i '/^Package: iptables$/,/^$/s/^Status: .*/Status: install reinstreq half-installed/' status",
    ].join(' && ');
    expect(await execOn(NAME, killed)).toMatchObject({ code: 0 });
    await clean();
    await expectAsFound();
  });

  it('goes on with a cleaning that was killed again and again', async () => {
    await create('kubeadm-init');
    for (const killAfterMs of [300, 900]) await node.run('reset', { killAfterMs });
    await must('reset');
    for (const killAfterMs of [400, 1500, 3000]) await node.run('restore', { killAfterMs });
    await clean();
    await expectAsFound();
  });

  it("keeps a person's own files, swap settings, rules and units", async () => {
    const own = [
      'mkdir -p /etc/cni/net.d /opt/cni && echo mine >/etc/cni/net.d/mine.conflist',
      'echo "# mine" >>/etc/hosts && chmod 640 /etc/hosts',
      'printf "/swapfile none swap sw 0 0\\n# a swap comment\\n" >>/etc/fstab',
      'ip link add mine0 type veth peer name mine1',
      'useradd --system mine',
    ].join(' && ');
    expect(await execOn(NAME, own)).toMatchObject({ code: 0 });
    const changed = await snapshotMachine(NAME);

    await create('kubeadm-init');
    await clean();

    const left = diffSnapshots(changed, await snapshotMachine(NAME), EXCLUSIONS);
    expect(left.map(formatDifference)).toEqual([]);
  });

  it('keeps what its owner has done to it while it was a node, and leaves nothing of ours beside it', async () => {
    const found = await snapshotMachine(NAME);
    const somaxconn = (await execOn(NAME, 'sysctl -n net.core.somaxconn')).stdout.trim();
    await create('packages');
    expect(await execOn(NAME, OWNER.does)).toMatchObject({ code: 0 });
    await create('kubeadm-init', 'packages');
    await clean();

    expect(await execOn(NAME, OWNER.finds)).toMatchObject({ code: 0 });
    const undo = `${OWNER.undoes} && sysctl -qw net.core.somaxconn=${somaxconn}`;
    expect(await execOn(NAME, undo)).toMatchObject({ code: 0 });
    const exclusions = [...EXCLUSIONS, ...TOOLS];
    const left = diffSnapshots(found, await snapshotMachine(NAME), exclusions);
    expect(left.map(formatDifference)).toEqual([]);
  });
});
