import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { execOn } from '../../lab/lab.js';
import { testKey } from '../ssh/keys.js';
import { labCluster } from './cluster.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * m1 is the jump host, m2 the machine behind it: m2's sshd lets nobody in but m1. Each is logged in to with an uploaded
 * credential of its own; there is no key file.
 */

const NAME = 'behind';
const CREDENTIALS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/credentials';

let session: LabSession;
let cluster: Cluster;
const jump = testKey();

const machine = (name: string) => session.lab.machines.find((one) => one.name === name)!;
async function must(name: string, command: string): Promise<void> {
  const result = await execOn(name, command);
  if (result.code !== 0) throw new Error(`${name}: ${result.stderr}`);
}
const upload = (name: string, spec: object): Promise<Response> =>
  session.plinth.request('POST', CREDENTIALS, { metadata: { name }, spec });

beforeAll(async () => {
  session = await openLabSession(['m1', 'm2'], { labKey: false });
  const [bastion, behind] = [machine('m1'), machine('m2')];
  await must(
    'm1',
    `useradd -m jumper && install -d -m 0700 -o jumper /home/jumper/.ssh &&
     echo '${jump.publicKey}' >/home/jumper/.ssh/authorized_keys && chown -R jumper /home/jumper/.ssh`,
  );
  // A reject shows at once; PerSourcePenalties or a firewall are not what is tested here.
  await must(
    'm2',
    `mkdir -p /etc/ssh/sshd_config.d && printf 'AllowUsers *@${bastion.ip}\\n' >/etc/ssh/sshd_config.d/00-behind.conf &&
     (systemctl reload ssh || systemctl reload sshd)`,
  );
  expect(
    await Promise.all([
      upload('machines', {
        username: behind.user,
        privateKey: await readFile(session.lab.privateKeyPath, 'utf8'),
      }),
      upload('jump', { username: 'jumper', privateKey: jump.privateKey }),
    ]).then((answers) => answers.map(({ status }) => status)),
  ).toEqual([200, 200]);
  cluster = labCluster(session.lab, { name: NAME, machines: ['m2'], blueprint: 'minimal' });
  cluster.spec.cloudCredentials = 'machines';
  const [node] = cluster.spec.config.nodes;
  node!.ssh = { ipAddress: behind.ip };
}, 300_000);

afterAll(async () => {
  await execOn('m2', 'rm -f /etc/ssh/sshd_config.d/00-behind.conf; systemctl reload ssh || true');
  await execOn('m1', 'userdel -r jumper 2>/dev/null || true');
  await session.stop();
});

const applied = async (spec: object): Promise<void> => {
  cluster.spec.config.ssh = spec;
  const answer = await session.plinth.apply(cluster);
  expect(answer.status, await answer.text()).toBe(200);
};
const bastion = (hostKey: string) => ({
  bastion: { ipAddress: machine('m1').ip, cloudCredentials: 'jump', hostKey },
});

describe('a machine behind a bastion', () => {
  it('is not reached past it', async () => {
    await applied({});
    const status = await session.plinth.untilEnded(NAME, 120);
    expect(status.commonStatus).toMatchObject({ conditionStatus: 3 });
  });

  it('is not reached through a bastion with another host key than the pinned one', async () => {
    await applied(bastion(testKey().publicKey));
    const status = await session.plinth.untilEnded(NAME, 120);
    expect(status.commonStatus.conditionStatus).toBe(3);
    expect(JSON.stringify(status)).toContain("m2's bastion");
  });

  it('gets READY through it', async () => {
    await applied(bastion(machine('m1').hostKey));
    const status = await session.plinth.untilEnded(NAME, 400);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  });

  it('keeps both credentials from being deleted until the cluster is gone', async () => {
    const remove = (name: string) => session.plinth.request('DELETE', `${CREDENTIALS}/${name}`);
    for (const name of ['machines', 'jump']) expect((await remove(name)).status).toBe(409);
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of ['machines', 'jump']) expect((await remove(name)).status).toBe(200);
  });
});
