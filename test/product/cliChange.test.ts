import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { until } from '../api/until.js';
import { openCliInProcess, type CliInProcess } from './cliInProcess.js';

let cli: CliInProcess;
beforeAll(async () => {
  cli = await openCliInProcess();
});
afterAll(() => cli.close());
beforeEach(() => cli.nextProject());

const stored = (name: string) => cli.api.deps.store.clusters.get(cli.project, name);
const runs = (name: string) => cli.api.workflows.running.add(`${cli.project}/${name}`);

/** Runs a command that waits; once it has asked the server for the change, ends the taskset. */
async function waiting(args: string, asked: () => Promise<unknown>, end: () => Promise<void>) {
  const ended = cli.run(args);
  await until(`${args} has asked`, async () => (await asked()) === true);
  await end();
  return ended;
}

describe('--wait', () => {
  test('of retry ends with how the cluster stands', async () => {
    await cli.apply('again');
    await cli.end('again', await cli.begin('again'), false);
    const asked = async () => ((await stored('again'))?.retries ?? 0) > 0;
    const { code, out } = await waiting('retry again --wait', asked, async () =>
      cli.end('again', await cli.begin('again'), true),
    );
    expect([code, out.split('\n')[0]]).toEqual([0, 'cluster again is submitted again']);
    expect(out).toMatch(/^again \(\w+\) READY: it is applied$/m);
  });

  test('of cancel is done once the operation has ended as failed', async () => {
    await cli.apply('halt');
    runs('halt');
    const taskset = await cli.begin('halt');
    const asked = async () => cli.api.workflows.cancelled.includes(`${cli.project}/halt`);
    const { code, out, err } = await waiting('cancel halt --wait', asked, () =>
      cli.end('halt', taskset, false),
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^halt \(\w+\) FAILED: /m);
  });

  test('of cancel that is given up says how to watch, and not to cancel what was just cancelled', async () => {
    await cli.apply('late');
    runs('late');
    await cli.begin('late');
    const timedOut = await cli.run('cancel late --wait --timeout 1s');
    const pressed = await cli.run('cancel late --wait', { interrupt: () => AbortSignal.abort() });
    expect([timedOut.code, pressed.code]).toEqual([124, 130]);
    for (const { err } of [timedOut, pressed]) {
      expect(err).toContain('the operation on cluster late goes on to its next safe point');
      expect(err).toContain('plinth status late --watch');
      expect(err).not.toContain('plinth cancel');
    }
    const other = await cli.run('status late --watch --timeout 1s');
    expect(other.err).toContain('plinth cancel late');
  });

  test('of delete ends when the cluster is gone', async () => {
    const id = await cli.apply('bye');
    const asked = async () => (await stored('bye'))?.deleting;
    const { code, out } = await waiting('delete bye --yes --wait', asked, async () => {
      await cli.api.deps.store.clusters.remove(id);
    });
    expect([code, out]).toEqual([0, 'cluster bye is being deleted\ncluster bye is gone']);
  });
});

describe('delete', () => {
  test('asks for the name where somebody sits, and not with --yes', async () => {
    await cli.apply('dear');
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return 'another';
    };
    const no = await cli.run('delete dear', { ask });
    expect([no.code, questions.length]).toEqual([64, 1]);
    expect((await stored('dear'))?.deleting).toBe(false);
    expect((await cli.run('delete dear --yes', { ask })).code).toBe(0);
    expect([(await stored('dear'))?.deleting, questions.length]).toEqual([true, 1]);
  });

  test('refuses where somebody sits and the question cannot be shown', async () => {
    await cli.apply('unseen');
    const { code, err } = await cli.run('delete unseen', { ask: async () => undefined });
    expect([code, err]).toEqual([64, expect.stringContaining('--yes deletes cluster unseen')]);
    expect((await stored('unseen'))?.deleting).toBe(false);
  });

  test('--force is for machines that do not answer', async () => {
    await cli.apply('forced');
    await cli.apply('unforced');
    await cli.run('delete forced --force');
    await cli.run('delete unforced');
    const { items } = await cli.api.deps.store.audit.list({
      ...{ limit: 9, offset: 0, project: cli.project },
    });
    const force = (name: string) =>
      items.find((one) => one.action === 'cluster.delete' && one.resource === `clusters/${name}`)
        ?.summary;
    expect([force('forced'), force('unforced')]).toEqual([
      expect.stringContaining('force'),
      expect.not.stringContaining('force'),
    ]);
  });
});

describe('machines that come by a command', () => {
  const byCommand = async (name: string) => {
    const cluster = cli.cluster(name, ({ spec }) => {
      delete spec.config.ssh;
      spec.config.nodes = [{ hostname: 'w1', roles: ['ControlPlane', 'Worker'] } as never];
    });
    const { code, err } = await cli.run(`apply -f ${cli.write(`${name}.yaml`, cluster)}`);
    expect([code, err]).toEqual([0, expect.stringContaining('plinth status')]);
    return (await stored(name))!.id;
  };

  test('installer-cmds: --arch, --new and --undo each give another command', async () => {
    await byCommand('shop');
    const of = async (options = '') => (await cli.run(`installer-cmds shop${options}`)).out;
    const token = (command: string) => /plinthi_\w+/.exec(command)?.[0];
    const plain = await of();
    expect(await of()).toBe(plain);
    const fresh = await of(' --new');
    expect(token(fresh)).toMatch(/^plinthi_/);
    expect(token(fresh)).not.toBe(token(plain));
    const undo = await of(' --undo');
    const { installerCmds } = JSON.parse(await of(' -o json')) as {
      installerCmds: { arch: string; command: string; undoCommand: string }[];
    };
    const amd64 = installerCmds.find(({ arch }) => arch === 'amd64')!;
    const arm64 = installerCmds.find(({ arch }) => arch === 'arm64')!;
    expect(undo).toBe(amd64.undoCommand);
    expect(await of(' --arch arm64')).toBe(arm64.command);
    expect(await of(' --arch arm64 --undo')).toBe(arm64.undoCommand);
    expect((await cli.run('installer-cmds shop --arch riscv')).code).toBe(64);
  });

  test('approve names the command that is missing in the words of the command line', async () => {
    await byCommand('early');
    const { code, err } = await cli.run('approve early w1');
    expect([code, err]).toEqual([
      75,
      'plinth: w1 has not registered yet: run the command that `plinth installer-cmds early` gives on it',
    ]);
  });

  test('approve lets a registered machine in', async () => {
    const id = await byCommand('open');
    const { store } = cli.api.deps;
    await store.registrations.put(id, {
      ...{ hostname: 'w1', address: '10.66.0.9', addresses: ['10.66.0.9'], username: 'plinth' },
      ...{ port: 22, operatingSystem: 'Debian12', arch: 'amd64' as const, hostKeys: [] },
      registeredAt: new Date().toISOString(),
    });
    const { code, out } = await cli.run('approve open w1');
    expect([code, out]).toEqual([0, 'node w1 of cluster open is approved']);
    expect((await store.registrations.get(id, 'w1'))?.approvedAt).toBeDefined();
  });
});
