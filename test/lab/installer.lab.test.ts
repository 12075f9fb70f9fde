import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { byNameOnly } from '../fixtures/byNameOnly.js';
import { labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Machines that plinth has no key to and no address of: they come by the installer command, are used, and are given
 * back. One waits for a person's approval, the other is approved by its spec. Each test goes on from the one before.
 */

const NAME = 'installer';
const BY_SPEC = 'auto';
/** The lab's bridge, as the machines see this computer. */
const HOST = '10.77.0.1';

let session: LabSession;
let before: MachineSnapshot;
let beforeBySpec: MachineSnapshot;
let command: string;

beforeAll(async () => {
  session = await openLabSession(['m1', 'm2'], { host: HOST, labKey: false });
  before = await snapshotMachine('m1');
  beforeBySpec = await snapshotMachine('m2');
});

afterAll(async () => {
  await session.stop();
});

/** The machine by its name only. */
function cluster(name = NAME): Cluster {
  const machines = [name === NAME ? 'm1' : 'm2'];
  const of = labCluster(session.lab, { name, machines, blueprint: 'minimal' });
  of.spec.config.autoApproveNodes = name === BY_SPEC;
  of.spec.config.nodes = of.spec.config.nodes.map(byNameOnly);
  return of;
}

const untilReason = (wanted: RegExp): Promise<true> =>
  until(`the reason ${String(wanted)}`, 30, async () => {
    const { commonStatus } = await session.plinth.status(NAME);
    expect(commonStatus.conditionStatus).toBe(1);
    return wanted.test(commonStatus.reason) ? true : undefined;
  });

async function firstCommand(name = NAME): Promise<string> {
  const answer = await session.plinth.request('GET', `${name}/installercmds`);
  expect(answer.status, await answer.clone().text()).toBe(200);
  const { installerCmds } = (await answer.json()) as {
    installerCmds: { arch: string; command: string }[];
  };
  return installerCmds.find(({ arch }) => arch === 'amd64')!.command;
}

async function gone(name = NAME): Promise<true> {
  return until('the cluster is gone', 120, async () => {
    const answer = await session.plinth.request('GET', name);
    if (answer.status === 404) return true;
    const { status } = (await answer.json()) as Cluster;
    if (status?.provisionStatus === 'CLUSTER_DELETION_FAILED')
      throw new Error(JSON.stringify(status));
    return undefined;
  });
}

it('waits visibly for the machine, and a deletion meanwhile needs no connection', async () => {
  expect((await session.plinth.apply(cluster())).status).toBe(200);
  await untilReason(/waiting for m1 to register: run the command of GET …\/installercmds/);
  expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
  await gone();
  expect((await session.plinth.apply(cluster())).status).toBe(200);
});

it('a token that is not good changes nothing on the machine', async () => {
  command = await firstCommand();
  expect(command).toContain(`${session.plinth.url}/installer/install.sh`);
  const wrong = await execOn('m1', command.replaceAll(/plinthi_\w{4}/g, 'plinthi_0000'));
  expect(wrong.code).not.toBe(0);
  expect((await execOn('m1', 'id plinth')).code).not.toBe(0);
});

it('a machine that the cluster does not wait for is told so, and left as it was', async () => {
  const named = await execOn('m1', command.replace('--key', '--hostname x9 --key'));
  expect(named.code).not.toBe(0);
  expect(named.stderr).toContain('has no node x9');
  const differences = diffSnapshots(before, await snapshotMachine('m1'), EXCLUSIONS);
  expect(differences.map(formatDifference)).toEqual([]);
});

it('the command registers the machine, twice as well as once; then a person is waited for', async () => {
  for (let run = 1; run <= 2; run += 1) {
    const { code, stdout, stderr } = await execOn('m1', command);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('m1 is registered');
  }
  // Neither sudo's log nor anything on disk has the token.
  const token = /\bplinthi_\w+/.exec(command)![0];
  const secret = `journalctl -q --no-pager | grep -c ${token}; grep -rlF ${token} /etc /root /tmp /var /home`;
  expect((await execOn('m1', secret)).stdout.trim()).toBe('0');
  await untilReason(/waiting for m1 to be approved/);
  const answer = await session.plinth.request('GET', `${NAME}/nodes`);
  const { items } = (await answer.json()) as { items: object[] };
  const machine = session.lab.machines.find(({ name }) => name === 'm1')!;
  expect(items[0]).toMatchObject({
    ...{ status: 'DISCOVERED', privateIP: machine.ip },
    hostKey: { source: 'registration' },
    registration: { operatingSystem: 'Debian12', arch: 'amd64', address: machine.ip },
  });
});

it('with autoApproveNodes the command is enough: the other machine is on its way, and nobody approved it', async () => {
  expect((await session.plinth.apply(cluster(BY_SPEC))).status).toBe(200);
  const { code, stdout, stderr } = await execOn('m2', await firstCommand(BY_SPEC));
  expect(code, stdout + stderr).toBe(0);
  const answer = await session.plinth.request('GET', `${BY_SPEC}/nodes`);
  const { items } = (await answer.json()) as { items: object[] };
  expect(items[0]).toMatchObject({
    hostname: 'm2',
    registration: { approvedBy: 'autoApproveNodes', approvedAt: expect.any(String) as string },
  });
});

it('approved, it is provisioned to READY over the login that the command made', async () => {
  const approval = await session.plinth.request('POST', `${NAME}/nodes/m1/approve`);
  expect(approval.status).toBe(200);
  const status = await session.plinth.untilEnded(NAME, 500);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  expect(status.mks.nodes).toEqual([{ hostname: 'm1', status: 'READY' }]);
  const conditions = status.conditions.map(({ type, status: is }) => [type, is]);
  expect(conditions).toContainEqual(['ClusterApproveSucceeded', 'True']);
  expect(conditions.every(([, is]) => is === 'True')).toBe(true);
  const logins = await execOn('m1', 'journalctl -q -t sshd --no-pager | grep "Accepted publickey"');
  expect(logins.stdout).toContain('for plinth');
  expect(logins.stdout).not.toMatch(/for (root|ops)/);
});

it('the one that its spec approved has become READY meanwhile, and the audit says who approved it', async () => {
  const status = await session.plinth.untilEnded(BY_SPEC, 500);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  expect(status.mks.nodes).toEqual([{ hostname: 'm2', status: 'READY' }]);
  const conditions = status.conditions.map(({ type, status: is }) => [type, is]);
  expect(conditions).toContainEqual(['ClusterApproveSucceeded', 'True']);
  expect(conditions.every(([, is]) => is === 'True')).toBe(true);
  const path = `/apis/system.k8smgmt.io/v3/audit?resource=clusters/${BY_SPEC}*`;
  const { items } = (await (await session.plinth.request('GET', path)).json()) as {
    items: { action: string; actor: string; summary: string }[];
  };
  const registered = items.filter(({ action }) => action === 'node.register');
  expect(registered).toHaveLength(1);
  expect(registered[0]?.actor).toMatch(/^installer token /);
  expect(registered[0]?.summary).toContain('approved by autoApproveNodes');
  expect(items.map(({ action }) => action)).not.toContain('node.approve');
});

it('deleted and undone, the machine that its spec approved is as it was found', async () => {
  expect((await session.plinth.request('DELETE', BY_SPEC)).status).toBe(200);
  await gone(BY_SPEC);
  const { code, stdout, stderr } = await execOn('m2', 'sudo plinth-installer --undo');
  expect(code, stdout + stderr).toBe(0);
  const differences = diffSnapshots(beforeBySpec, await snapshotMachine('m2'), EXCLUSIONS);
  expect(differences.map(formatDifference)).toEqual([]);
});

it('deleted and undone, the machine is as it was found', async () => {
  const early = await execOn('m1', 'sudo plinth-installer --undo');
  expect(early.code, 'of a machine that is in a cluster').not.toBe(0);
  expect(early.stderr).toContain('this machine is in a cluster');
  // What a GET gives is what was applied: nothing that the machine registered has crept in.
  const echo = (await (await session.plinth.request('GET', NAME)).json()) as Cluster;
  expect(echo.spec).toEqual(cluster().spec);
  expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
  await gone();
  const { code, stdout, stderr } = await execOn('m1', 'sudo plinth-installer --undo');
  expect(code, stdout + stderr).toBe(0);
  const differences = diffSnapshots(before, await snapshotMachine('m1'), EXCLUSIONS);
  expect(differences.map(formatDifference)).toEqual([]);
});
