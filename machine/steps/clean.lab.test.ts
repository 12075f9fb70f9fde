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

  async function create(until: StepName): Promise<void> {
    for (const step of CREATION.slice(0, CREATION.indexOf(until) + 1)) await must(step);
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
});
